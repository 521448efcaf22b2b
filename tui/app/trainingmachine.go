package app

import (
	"fmt"
	"math"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// machineEvery is the least time between two looks at the machine. They come with what a run reports, and with nothing else.
const machineEvery = time.Second

// machineSeen is what the machine was doing when it was looked at last.
type machineSeen struct {
	now     TrainMachine
	bad     string
	at      time.Time
	any     bool
	looking bool
}

// lookMachine looks at the machine: while the pane is open, a run of this machine goes on, and it reports.
func (m *Model) lookMachine() tea.Cmd {
	t := &m.training
	s := &t.machine
	if !t.open || !t.watched.Running || t.watched.State == held || t.record.news.Elsewhere || s.looking || s.any && m.opt.Now().Sub(s.at) < machineEvery {
		return nil
	}
	s.looking = true
	ctx, tr, n := m.ctx, m.opt.Trainer, m.news
	return func() tea.Msg {
		now, err := tr.Machine(ctx)
		n.post(func(m *Model) {
			s := &m.training.machine
			*s = machineSeen{now: now, any: true, at: m.opt.Now()}
			if err != nil {
				s.bad = oneLine(err.Error())
			}
		})
		return nil
	}
}

// machineWords are the figures of the machine, each with its unit and in a width that does not change with it.
func (m *Model) machineWords() []string {
	s := &m.training.machine
	if !m.training.watched.Running || !s.any {
		return nil
	}
	var out []string
	x := s.now
	if !math.IsNaN(x.CPU) {
		out = append(out, fmt.Sprintf("cpu %3.0f %% of %d cores", 100*x.CPU, x.Cores))
	}
	if x.MemoryTotal > 0 {
		out = append(out, "memory "+gigabytes(x.MemoryUsed, x.MemoryTotal))
	}
	for _, g := range x.GPUs {
		out = append(out, gpuWords(g, m.theme.ASCII))
	}
	for _, s := range []string{x.NoGPU, s.bad} {
		if s != "" {
			out = append(out, oneLine(s))
		}
	}
	return out
}

func gigabytes(used, total int64) string {
	all := fmt.Sprintf("%.1f", float64(total)/1e9)
	return fmt.Sprintf("%*.1f of %s GB", len(all), float64(used)/1e9, all)
}

// gpuWords is one GPU: what it does not tell is not there.
func gpuWords(g TrainGPU, ascii bool) string {
	w := fmt.Sprintf("gpu %d %s", g.Index, oneLine(g.Name))
	if g.Trouble != "" {
		return w + ": " + oneLine(g.Trouble)
	}
	if g.MemoryTotal > 0 {
		w += "  " + gigabytes(g.MemoryUsed, g.MemoryTotal)
	}
	degrees := " °C"
	if ascii {
		degrees = " C"
	}
	for _, f := range []struct {
		v    *float64
		by   float64
		unit string
	}{{g.Use, 100, " %"}, {g.Celsius, 1, degrees}} {
		if f.v != nil {
			w += fmt.Sprintf("  %3.0f%s", f.by**f.v, f.unit)
		}
	}
	switch {
	case g.Watts != nil && g.LimitWatts != nil:
		w += fmt.Sprintf("  %3.0f of %.0f W", *g.Watts, *g.LimitWatts)
	case g.Watts != nil:
		w += fmt.Sprintf("  %3.0f W", *g.Watts)
	}
	return w
}
