package net

import (
	"fmt"
	"strings"

	"s1/engine/arch"
	"s1/kernels"
)

// The matrices of a layer, which adapters are for.
const (
	partQ = iota
	partK
	partV
	partO
	partGate
	partUp
	partDown
	parts
)

// partNames are as PEFT's target_modules names them.
var partNames = [parts]string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

// linear is a matrix with what may stand beside it: y = W x + bias + scale B A dropout(x).
type linear struct {
	part    int
	w, bias kernels.Param // (out, in), (1, out)
	a, b    kernels.Param // (rank, in), (out, rank); NoParam without an adapter
	stream  uint64        // of its dropout
}

func (l *layer) linears() [parts]*linear {
	return [parts]*linear{&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down}
}

// parameters lists them all and finds each layer's. An absent one is NoParam.
func (b *build) parameters() {
	for _, t := range arch.Tensors(b.c) {
		b.param(t.Folder, t.Rows, t.Cols, b.o.LoRA != nil)
	}
	b.embed, b.norm, b.head = b.named("model.embed_tokens.weight"), b.named("model.norm.weight"), b.named("lm_head.weight")
	if b.c.Tied {
		b.head = b.embed
	}
	b.layers = make([]layer, b.c.Layers)
	for l := range b.layers {
		y, of := &b.layers[l], fmt.Sprintf("model.layers.%d.", l)
		y.attnNorm, y.mlpNorm = b.named(of+"input_layernorm.weight"), b.named(of+"post_attention_layernorm.weight")
		y.qNorm, y.kNorm = b.named(of+"self_attn.q_norm.weight"), b.named(of+"self_attn.k_norm.weight")
		for part, lin := range y.linears() {
			module := of + "self_attn." + partNames[part]
			if part >= partGate {
				module = of + "mlp." + partNames[part]
			}
			*lin = linear{
				part: part, w: b.named(module + ".weight"), bias: b.named(module + ".bias"), a: kernels.NoParam, b: kernels.NoParam,
				stream: uint64(l*parts + part + 1),
			}
			if b.o.LoRA.on(partNames[part]) {
				w, rank := b.p.Params[lin.w], b.o.LoRA.Rank
				lin.a = b.param(module+loraA, rank, w.Cols, false)
				lin.b = b.param(module+loraB, w.Rows, rank, false)
			}
		}
	}
	b.lowest = b.lowestTrained()
}

func (b *build) param(name string, rows, cols int, frozen bool) kernels.Param {
	frozen = frozen || (b.o.Frozen != nil && b.o.Frozen(name))
	b.p.Params = append(b.p.Params, kernels.ParamSpec{Name: name, Rows: rows, Cols: cols, Frozen: frozen})
	p := kernels.Param(len(b.p.Params) - 1)
	b.params[name] = p
	return p
}

func (b *build) named(name string) kernels.Param {
	if p, ok := b.params[name]; ok {
		return p
	}
	return kernels.NoParam
}

// trained says whether any of the parameters gets a gradient.
func (b *build) trained(all ...kernels.Param) bool {
	for _, p := range all {
		if p != kernels.NoParam && !b.p.Params[p].Frozen {
			return true
		}
	}
	return false
}

// learns says whether anything of a matrix, its bias and its adapter gets a gradient.
func (b *build) learns(l linear) bool { return b.trained(l.w, l.bias, l.a, l.b) }

// lowestTrained is the layer where the way back ends: 0 for the sake of the embedding, Layers when there is nothing to do in any.
func (b *build) lowestTrained() int {
	if b.trained(b.embed) {
		return 0
	}
	for l := range b.layers {
		y := &b.layers[l]
		if b.trained(y.attnNorm, y.mlpNorm, y.qNorm, y.kNorm) {
			return l
		}
		for _, lin := range y.linears() {
			if b.learns(*lin) {
				return l
			}
		}
	}
	return len(b.layers)
}

// layerOf is the layer in a parameter's name, or -1.
func layerOf(name string) int {
	l := -1
	if strings.HasPrefix(name, "model.layers.") {
		_, _ = fmt.Sscanf(name, "model.layers.%d.", &l)
	}
	return l
}
