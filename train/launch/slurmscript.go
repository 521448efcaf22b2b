package launch

import (
	"fmt"
	"strings"

	"s1/train/recipe"
)

// script is the batch script. SIGUSR1 comes from SLURM before the time is over, and from us: the file launch/stop says who asked
// first. What SLURM ended goes back into the queue once it has saved; what a person ended, or scancel without a signal, does not.
func (s *SLURM) script(inner *Plan, own bool) string {
	q := s.Recipe.Launch.Slurm
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	option := func(name, value string) {
		if value != "" && value != "0" {
			put("#SBATCH --%s=%s", name, value)
		}
	}
	put("#!/bin/bash")
	put("#SBATCH --job-name=%s", jobName(s.Name))
	put("#SBATCH --output=%s", inner.Log())
	put("#SBATCH --open-mode=append")
	put("#SBATCH --nodes=%d", s.Recipe.Launch.Nodes)
	put("#SBATCH --ntasks-per-node=1")
	put("#SBATCH --signal=B:USR1@%d", q.SaveBefore)
	put("#SBATCH --%s", map[bool]string{true: "requeue", false: "no-requeue"}[q.Requeue])
	option("partition", q.Partition)
	option("account", q.Account)
	option("time", q.Time)
	option("gpus-per-node", fmt.Sprint(q.GPUs))
	option("cpus-per-task", fmt.Sprint(q.CPUs))
	option("mem", q.Memory)
	for _, o := range q.Extra {
		put("#SBATCH %s", o)
	}
	put("# Runs a training of s1. Ask it to save and end: scancel --signal=USR1 --batch JOB")
	put("cd %s || exit 1", inner.Dir)
	put("stop=%s", inner.at(stopFile))
	put("end=%s", inner.at(endFile))
	put(`[ "$(cat "$stop" 2>/dev/null)" = slurm ] && rm -f "$stop"`)
	put(`rm -f "$end"`)
	for _, line := range q.Setup {
		put("%s", line)
	}
	put(`head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)`)
	put("child=")
	put("save() {")
	put(`  [ -e "$stop" ] || echo "$1" > "$stop"`)
	if own { // its ranks do not look for the file: it is one process, and hears signals
		put(`  [ -n "$child" ] && kill -USR1 "$child"`)
	}
	put("}")
	put("trap 'save slurm' USR1") // the time is nearly over
	put("trap 'save cancelled' TERM")
	if own {
		put("again=")
		put(`[ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] && again=--resume`)
		put(`bash %s "$head" $again &`, inner.at(nodeFile))
	} else {
		put(`srun --kill-on-bad-exit=1 bash %s "$head" &`, inner.at(nodeFile))
	}
	put("child=$!")
	put(`while :; do wait "$child"; code=$?; kill -0 "$child" 2>/dev/null || break; done`)
	if q.Requeue {
		put(`if [ "$code" = 0 ] && [ "$(cat "$stop" 2>/dev/null)" = slurm ] && grep -q '"stopped"' "$end" 2>/dev/null; then`)
		put(`  rm -f "$stop"`)
		put(`  echo "s1: saved, and back into the queue"`)
		put(`  scontrol requeue "$SLURM_JOB_ID"`)
		put("fi")
	}
	put(`exit "$code"`)
	return b.String()
}

// jobName keeps what a queue shows in one piece.
func jobName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 128 && strings.ContainsRune(plain, r) && !strings.ContainsRune("/%@+,:=", r) {
			return r
		}
		return '-'
	}, name)
	return "s1-" + clean[:min(len(clean), 60)]
}

var _ = []Launcher{(*Own)(nil), (*TRL)(nil), (*SLURM)(nil)}

// Of is the launcher of a recipe.
func Of(rec recipe.Recipe, own *Own, trl *TRL, name string) Launcher {
	var inner Launcher = own
	if rec.Launch.Trainer() == recipe.TRL {
		inner = trl
	}
	if rec.Launch.Backend == recipe.SLURM {
		return &SLURM{Recipe: rec, Inner: inner, Name: name}
	}
	return inner
}
