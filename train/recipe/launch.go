package recipe

import (
	"slices"
	"strings"
)

// The backends that run a recipe.
const (
	Own   = "own"   // this program, here
	TRL   = "trl"   // Python: TRL through torchrun or accelerate
	SLURM = "slurm" // a cluster's queue, around one of the two
)

// Launch says where a run takes place. It changes nothing of what is learnt, but the order of sums.
type Launch struct {
	Backend   string `toml:"backend"`    // own, trl or slurm
	Runs      string `toml:"runs"`       // with slurm: what runs in the job, own or trl
	Python    string `toml:"python"`     // of TRL: an interpreter that has torch, transformers, trl and accelerate
	Starter   string `toml:"starter"`    // of TRL: torchrun or accelerate
	Nodes     int    `toml:"nodes"`      // machines
	Processes int    `toml:"processes"`  // of TRL on each machine; 0 = one a GPU, or one where there is none
	PerDevice int    `toml:"per_device"` // rows that a process computes at once
	Precision string `toml:"precision"`  // of TRL's products: auto (bf16 where the GPUs have it), bf16 or fp32; weights stay fp32
	Shard     string `toml:"shard"`      // FSDP2, weights and moments split over the processes: auto (on several GPUs), on or off
	Head      string `toml:"head"`       // of several machines without slurm: the host name or address of the first
	Port      int    `toml:"port"`       // at which the processes of several machines meet
	Slurm     Slurm  `toml:"slurm"`
}

// Slurm is what the queue is asked for. Empty values are left to the cluster.
type Slurm struct {
	Partition  string   `toml:"partition"`
	Account    string   `toml:"account"`
	Time       string   `toml:"time"`         // "2:00:00", as sbatch takes it
	GPUs       int      `toml:"gpus"`         // of each node
	CPUs       int      `toml:"cpus"`         // of each node
	Memory     string   `toml:"memory"`       // of each node, "64G"
	Requeue    bool     `toml:"requeue"`      // when the time is over or another job takes the place: save, and queue again
	SaveBefore int      `toml:"save_before"`  // seconds before the end of the time in which it saves
	Setup      []string `toml:"setup"`        // lines of bash that run before, such as "module load cuda"
	Extra      []string `toml:"sbatch_extra"` // further options of sbatch, such as "--exclusive"
}

func defaultLaunch() Launch {
	return Launch{
		Backend: Own, Runs: TRL, Starter: "torchrun", Nodes: 1, PerDevice: 1, Precision: "auto", Shard: "auto", Port: 29500,
		Slurm: Slurm{Requeue: true, SaveBefore: 120},
	}
}

// Trainer is the backend that trains: with slurm, what its job runs.
func (l Launch) Trainer() string {
	if l.Backend == SLURM {
		return l.Runs
	}
	return l.Backend
}

// Interpreter is the Python that is asked and started.
func (l Launch) Interpreter() string {
	if l.Python == "" {
		return "python3"
	}
	return l.Python
}

func (l Launch) checks() []check {
	s := l.Slurm
	c := []check{
		oneOf("launch.backend", l.Backend, Own, TRL, SLURM),
		oneOf("launch.runs", l.Runs, Own, TRL),
		oneOf("launch.starter", l.Starter, "torchrun", "accelerate"),
		{l.Nodes >= 1 && l.Nodes <= 4096, "launch.nodes", l.Nodes, "1 to 4096"},
		{l.Processes >= 0 && l.Processes <= 1024, "launch.processes", l.Processes, "0 (one a GPU) to 1024"},
		{l.PerDevice >= 1 && l.PerDevice <= 1<<16, "launch.per_device", l.PerDevice, "1 to 65536"},
		oneOf("launch.precision", l.Precision, "auto", "bf16", "fp32"),
		oneOf("launch.shard", l.Shard, "auto", "on", "off"),
		{l.Port >= 1 && l.Port <= 65535, "launch.port", l.Port, "1 to 65535"},
		{l.Trainer() != Own || l.Nodes == 1, "launch.nodes", l.Nodes, "1: the own trainer runs on one machine; runs = \"trl\" takes several"},
		{s.GPUs >= 0 && s.GPUs <= 1024, "launch.slurm.gpus", s.GPUs, "0 to 1024"},
		{s.CPUs >= 0 && s.CPUs <= 4096, "launch.slurm.cpus", s.CPUs, "0 (the cluster's choice) to 4096"},
		{s.SaveBefore >= 1 && s.SaveBefore <= 65535, "launch.slurm.save_before", s.SaveBefore, "1 to 65535 seconds"},
	}
	for key, v := range map[string]string{
		"launch.slurm.partition": s.Partition, "launch.slurm.account": s.Account, "launch.slurm.time": s.Time, "launch.slurm.memory": s.Memory, "launch.head": l.Head,
	} {
		c = append(c, check{oneWord(v), key, v, "one word"})
	}
	for _, v := range s.Extra {
		c = append(c, check{strings.HasPrefix(v, "--") && !strings.ContainsAny(v, "\r\n\x00"), "launch.slurm.sbatch_extra", v, "options such as \"--exclusive\", one each"})
	}
	for _, v := range s.Setup {
		c = append(c, check{!strings.ContainsAny(v, "\r\n\x00"), "launch.slurm.setup", v, "lines of bash, one each"})
	}
	return c
}

// oneWord holds what stands alone in a script's header: a line of sbatch ends at white space, and a comment begins at #.
func oneWord(s string) bool {
	return !slices.ContainsFunc([]rune(s), func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("#'\"\\`$;&|<>", r) })
}
