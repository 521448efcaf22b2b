# sanitize.mk: the tests of the C executor as drivers of its C code, under the address and the undefined-behaviour sanitizers,
# and once with the sixteen-lane kernels in place of plain C and tiles emulated, so that they run on machines without AVX-512 and AMX.
# Used by `make test-c` at the root.
GO ?= go
FLAGS := -count=1 -timeout 60m ./kernels/cpu
.PHONY: all asan ubsan lanes16
all: asan ubsan lanes16

asan:
	cd ../.. && CGO_CFLAGS="-O1 -g -DS1_DEBUG" ASAN_OPTIONS=detect_leaks=0 $(GO) test -asan $(FLAGS)

ubsan:
	cd ../.. && CGO_CFLAGS="-O1 -g -DS1_DEBUG -fsanitize=undefined -fno-sanitize-recover=all" \
	CGO_LDFLAGS="$(CGO_LDFLAGS) -fsanitize=undefined" $(GO) test $(FLAGS)

lanes16:
	cd ../.. && CGO_CFLAGS="-DS1_EMULATE_AVX512 -DS1_EMULATE_AMX -Wno-psabi" S1_ISA=c $(GO) test -run 'Agree|Equal|Bits' $(FLAGS)
