package arch

import (
	"fmt"
	"strings"

	"s1/engine/weights"
)

// part is a tensor of a layer.
type part int

const (
	attnNorm part = iota
	attnQ
	attnK
	attnV
	attnO
	qNorm
	kNorm
	mlpNorm
	mlpGate
	mlpUp
	mlpDown
	numParts
)

// naming is how a kind of file calls its tensors; weights and biases add ".weight" and ".bias".
type naming struct {
	embedding, norm, head string
	layer                 string // format of a layer's prefix
	parts                 [numParts]string
}

var folderNames = naming{
	embedding: "model.embed_tokens", norm: "model.norm", head: "lm_head", layer: "model.layers.%d.",
	parts: [numParts]string{
		attnNorm: "input_layernorm", attnQ: "self_attn.q_proj", attnK: "self_attn.k_proj", attnV: "self_attn.v_proj",
		attnO: "self_attn.o_proj", qNorm: "self_attn.q_norm", kNorm: "self_attn.k_norm", mlpNorm: "post_attention_layernorm",
		mlpGate: "mlp.gate_proj", mlpUp: "mlp.up_proj", mlpDown: "mlp.down_proj",
	},
}

var ggufNames = naming{
	embedding: "token_embd", norm: "output_norm", head: "output", layer: "blk.%d.",
	parts: [numParts]string{
		attnNorm: "attn_norm", attnQ: "attn_q", attnK: "attn_k", attnV: "attn_v", attnO: "attn_output", qNorm: "attn_q_norm",
		kNorm: "attn_k_norm", mlpNorm: "ffn_norm", mlpGate: "ffn_gate", mlpUp: "ffn_up", mlpDown: "ffn_down",
	},
}

// ropeFactors divides the frequencies in GGUF files of Llama 3.
const ropeFactors = "rope_freqs.weight"

func namesOf(m *weights.Model) *naming {
	if m.Kind == weights.KindGGUF {
		return &ggufNames
	}
	return &folderNames
}

func (n *naming) of(layer int, p part) string { return fmt.Sprintf(n.layer, layer) + n.parts[p] }

// ignorable says whether a tensor may be in a file without being used: recomputed frequencies that old checkpoints kept, and
// a copy of the tied head.
func (n *naming) ignorable(name string, tied bool) bool {
	return strings.HasSuffix(name, ".rotary_emb.inv_freq") || (tied && name == n.head+".weight")
}
