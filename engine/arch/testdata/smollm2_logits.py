"""Prints the token ids of some chat prompts, and writes the logits transformers computes for them in fp32 on the dequantised weights.

    python smollm2_logits.py MODEL.gguf OUT        needs: pip install torch transformers gguf

OUT receives fp32 logits (T, V) of each prompt, one after another; standard output one JSON line {"prompt", "tokens", "answer"}
a prompt, where answer is what greedy decoding goes on with, up to 16 tokens.

The weights are dequantised by python gguf and q and k put back into the half-split order of transformers.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

PROMPTS = [
    "What is 12 plus 30?",
    "Name the largest planet.",
    "Écris un poème sur la mer, s'il te plaît: 海と空 🌊",
    "def fib(n):\n    if n < 2:\n        return n\n    return fib(n-1) + fib(n-2)\n\nWhat does fib(10) return? Explain step by step, "
    "write down every call, and then say in one sentence why the running time grows so quickly with n.",
]
NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm", "ffn_gate": "mlp.gate_proj",
         "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def load(path):
    reader = GGUFReader(path)
    meta = {k: f.contents() for k, f in reader.fields.items() if k.startswith("llama.")}
    heads, kv = meta["llama.attention.head_count"], meta["llama.attention.head_count_kv"]
    config = LlamaConfig(
        vocab_size=meta["llama.vocab_size"], hidden_size=meta["llama.embedding_length"], num_hidden_layers=meta["llama.block_count"],
        intermediate_size=meta["llama.feed_forward_length"], num_attention_heads=heads, num_key_value_heads=kv,
        max_position_embeddings=meta["llama.context_length"], rms_norm_eps=meta["llama.attention.layer_norm_rms_epsilon"],
        rope_parameters=dict(rope_type="default", rope_theta=float(meta["llama.rope.freq_base"])), tie_word_embeddings=True)
    state = {}
    for t in reader.tensors:
        w = np.array(dequantize(t.data, t.tensor_type), dtype=np.float32)
        part = t.name.split(".")
        if part[0] == "blk":
            name = f"model.layers.{part[1]}.{NAMES[part[2]]}.weight"
            if part[2] in ("attn_q", "attn_k"):
                h = heads if part[2] == "attn_q" else kv
                w = w.reshape(h, -1, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)
        else:
            name = {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[part[0]]
        state[name] = torch.from_numpy(np.ascontiguousarray(w))
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model = model.to_empty(device="cpu")
    model.model.rotary_emb.__init__(config)  # its frequencies are not weights
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    model.tie_weights()
    return model.float().eval()


def main():
    path, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    model = load(path)
    with out.open("wb") as f, torch.no_grad():
        for prompt in PROMPTS:
            text = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True)
            ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
            f.write(model(ids).logits[0].numpy().astype("<f4").tobytes())
            answer = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=16, eos_token_id=2)
            answer = answer[0, ids.shape[1]:]
            print(json.dumps({"prompt": prompt, "tokens": ids[0].tolist(), "answer": answer.tolist(), "text": tokenizer.decode(answer)}))


main()
