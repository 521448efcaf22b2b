package bench

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Pairs are measurements of two programs that took turns. Memory bandwidth and other tenants of a machine change by the minute,
// so that only neighbours may be compared: the median of the paired ratios is the figure.
type Pairs struct {
	ours, theirs []time.Duration
	others       []float64 // cores other processes used during ours
}

// Add appends a pair.
func (p *Pairs) Add(ours, theirs time.Duration, others float64) {
	p.ours, p.theirs, p.others = append(p.ours, ours), append(p.theirs, theirs), append(p.others, others)
}

// Ours is the median of our times.
func (p *Pairs) Ours() time.Duration { return middle(p.ours) }

// Theirs is the median of theirs.
func (p *Pairs) Theirs() time.Duration { return middle(p.theirs) }

// Ratio is the median of theirs/ours: above 1 we are faster.
func (p *Pairs) Ratio() float64 { r := p.ratios(); return r[len(r)/2] }

func (p *Pairs) ratios() []float64 {
	var r []float64
	for i := range p.ours {
		r = append(r, float64(p.theirs[i])/float64(p.ours[i]))
	}
	slices.Sort(r)
	return r
}

// Spread says how far the ratios lie apart and how busy the machine was with other things.
func (p *Pairs) Spread() string {
	r := p.ratios()
	o := slices.Sorted(slices.Values(p.others))
	return fmt.Sprintf("%.2f to %.2f, n = %d; %.1f cores", r[0], r[len(r)-1], len(r), o[len(o)/2])
}

// OthersSince starts a watch on the processor time of all processes but this one; the function it returns gives the cores they
// used since. Where /proc is missing it gives 0.
func OthersSince() func() float64 {
	busy, start := busySeconds(), time.Now()
	return func() float64 {
		used := (busySeconds() - busy) / time.Since(start).Seconds()
		return min(max(used, 0), float64(runtime.NumCPU()))
	}
}

// busySeconds is the processor time used on this machine so far by others, in seconds.
func busySeconds() float64 {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	var user, nice, system, idle, wait, irq, soft, steal float64
	if _, err := fmt.Sscanf(line, "cpu %f %f %f %f %f %f %f %f", &user, &nice, &system, &idle, &wait, &irq, &soft, &steal); err != nil {
		return 0
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return 0
	}
	const hertz = 100 // of /proc/stat
	mine := float64(own.Utime.Sec+own.Stime.Sec) + float64(own.Utime.Usec+own.Stime.Usec)/1e6
	return (user+nice+system+irq+soft+steal)/hertz - mine
}
