//go:build cgo

package cpu

import (
	"fmt"
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
)

// everyISA runs f on each instruction path this machine has.
func everyISA(t *testing.T, f func(t *testing.T, isa string)) {
	t.Helper()
	for i := 0; i <= bestISA(); i++ {
		t.Run(isaName(i), func(t *testing.T) { f(t, isaName(i)) })
	}
}

func TestEveryOpAndWholeDecodersAgreeWithTheOracle(t *testing.T) {
	everyISA(t, func(t *testing.T, isa string) {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%d threads", threads), func(t *testing.T) {
				kerneltest.Run(t, func(p *kernels.Program) (kerneltest.Stepper, error) {
					return New(p, Options{Threads: threads, Pages: kerneltest.Pages, ISA: isa})
				}, kerneltest.Default())
			})
		}
	})
}
