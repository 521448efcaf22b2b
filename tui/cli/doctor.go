package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"s1/engine/builtin"
	"s1/engine/weights/hub"
	"s1/kernels/cpu"
	"s1/sessions"
	"s1/train/device"
)

// finding is one line of the doctor's report.
type finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"` // without it s1 does not do its work
	Value  string `json:"value"`
	Advice string `json:"advice,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "What this machine has, and what to do about what it lacks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			failed := 0
			for _, f := range diagnose(cmd.Context()) {
				mark := "ok"
				switch {
				case !f.OK && f.Needed:
					mark = "MISSING"
					failed++
				case !f.OK:
					mark = "absent"
				}
				if a.json {
					if err := a.printJSON(f); err != nil {
						return err
					}
					continue
				}
				line := fmt.Sprintf("%-8s %-12s %s", mark, f.Name, safeText(f.Value))
				if f.Advice != "" {
					line += "\n" + strings.Repeat(" ", 22) + "-> " + safeText(f.Advice)
				}
				if _, err := fmt.Fprintln(a.out, line); err != nil {
					return err
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of the things s1 needs are missing, see above", failed)
			}
			return nil
		},
	}
}

func diagnose(ctx context.Context) []finding {
	return []finding{
		{Name: "version", OK: true, Value: version + ", " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH},
		checkInstructions(), checkBandwidth(), checkGPU(ctx), checkCache(), checkDatabase(ctx), checkModel(ctx),
	}
}

func checkInstructions() finding {
	f := finding{Name: "cpu", Needed: true}
	path, err := cpu.InstructionSet()
	if err != nil {
		f.Value, f.Advice = err.Error(), "build with a C compiler (CGO_ENABLED=1), or use --backend ref, which is slow"
		return f
	}
	f.OK, f.Value = true, fmt.Sprintf("%s, %d cores", path, runtime.NumCPU())
	if forced := os.Getenv("S1_ISA"); forced != "" {
		f.Value += ", forced by S1_ISA=" + forced
	}
	return f
}

func checkBandwidth() finding {
	gbps := memoryBandwidth(0, true)
	return finding{Name: "memory", OK: gbps > 0, Value: fmt.Sprintf("%.1f GB/s read by %d threads at best; a model of 1 GB decodes at most %.0f tok/s", gbps, runtime.NumCPU(), gbps)}
}

// checkGPU asks the driver, as the training pane does.
func checkGPU(ctx context.Context) finding {
	r := device.Open(ctx, nvmlLibrary())
	defer r.Close()
	now, err := r.Read(ctx)
	switch {
	case now.NoGPU != "":
		return finding{Name: "gpu", Value: now.NoGPU + "; s1 computes on the CPU"}
	case err != nil:
		return finding{Name: "gpu", Value: err.Error()}
	}
	var parts []string
	for _, g := range now.GPUs {
		s := fmt.Sprintf("%s, %.1f of %.1f GB used", g.Name, float64(g.MemoryUsed)/1e9, float64(g.MemoryTotal)/1e9)
		if g.Use != nil {
			s += fmt.Sprintf(", %.0f%% busy", 100**g.Use)
		}
		if g.Celsius != nil {
			s += fmt.Sprintf(", %.0f C", *g.Celsius)
		}
		if g.Watts != nil {
			s += fmt.Sprintf(", %.0f W", *g.Watts)
		}
		if g.Trouble != "" {
			s = g.Name + ": " + g.Trouble
		}
		parts = append(parts, s)
	}
	return finding{Name: "gpu", OK: true, Value: strings.Join(parts, "; ") + "; this version of s1 computes on the CPU, TRL on these"}
}

func checkCache() finding {
	f := finding{Name: "cache", Needed: true, Value: cacheDir()}
	err := os.MkdirAll(cacheDir(), 0o755)
	if err == nil {
		var tmp *os.File
		if tmp, err = os.CreateTemp(cacheDir(), "doctor-"); err == nil {
			err = errors.Join(tmp.Close(), os.Remove(tmp.Name()))
		}
	}
	if err != nil {
		f.Value, f.Advice = err.Error(), "make it writable, or set XDG_CACHE_HOME to a folder that is"
		return f
	}
	f.OK = true
	return f
}

func checkDatabase(ctx context.Context) finding {
	f := finding{Name: "sessions", Value: databasePath()}
	s, err := sessions.Open(ctx, databasePath())
	if err != nil {
		f.Value, f.Advice = err.Error(), "runs go on unsaved until it opens; S1_DATA_DIR names another folder"
		return f
	}
	list, err := s.List(ctx, 0)
	if err = errors.Join(err, s.Close()); err != nil {
		f.Value = err.Error()
		return f
	}
	f.OK, f.Value = true, fmt.Sprintf("%s, %d runs", f.Value, len(list))
	return f
}

func checkModel(ctx context.Context) finding {
	f := finding{Name: "model", Needed: true}
	const text = "316,+275,/3,*3"
	tok, err := openTokenizer(ctx, builtin.Name, func(string) {})
	if err == nil {
		var ids []int32
		if ids, err = tok.Encode(text, false); err == nil && string(tok.Text(ids)) != text {
			err = fmt.Errorf("the tokenizer gave back %q for %q", tok.Text(ids), text)
		}
		err = errors.Join(err, tok.Close())
	}
	if err != nil {
		f.Value, f.Advice = err.Error(), "this program is damaged: build or fetch it again"
		return f
	}
	f.OK, f.Value = true, builtin.Name+" (built in), tokenizer works"
	if _, err := hub.Resolve(ctx, chatModel); err != nil {
		f.Advice = "s1 models pull " + chatModel + " fetches a small chat model beside it"
	}
	return f
}
