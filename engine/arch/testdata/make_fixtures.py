"""Makes the seeded random models in this folder and the logits transformers computes for them in fp32.

    python make_fixtures.py        needs: pip install torch transformers safetensors  (made with transformers 5.23.0)

Each folder: config.json and model.safetensors as transformers saves them, and expected.safetensors with tokens (T) and logits (T, V).
config.old.json, where there is one, is the same config as transformers 4 wrote it. Norms and biases are random too, so that
none of them can be left out unnoticed. Every folder stays below 200 kB.
"""
import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaConfig, Qwen2Config, Qwen3Config

HERE = pathlib.Path(__file__).parent
LENGTH = 70  # crosses a page of 64 positions and every original context below

LLAMA3 = dict(rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=48)
YARN = dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=32)
LINEAR = dict(rope_type="linear", rope_theta=5000.0, factor=2.5)

CASES = {
    "llama3": (torch.bfloat16, LlamaConfig(
        vocab_size=140, hidden_size=48, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=256, rms_norm_eps=1e-5, rope_parameters=LLAMA3)),
    "llama-bias-linear": (torch.float32, LlamaConfig(
        vocab_size=101, hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=128, attention_bias=True, mlp_bias=True, tie_word_embeddings=True, rope_parameters=LINEAR)),
    "qwen2": (torch.float16, Qwen2Config(
        vocab_size=150, hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=2,
        max_position_embeddings=128, tie_word_embeddings=True, eos_token_id=[7, 9],
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
    "qwen2-yarn": (torch.bfloat16, Qwen2Config(
        vocab_size=130, hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
        max_position_embeddings=32, rope_parameters=YARN)),
    "qwen3": (torch.bfloat16, Qwen3Config(
        vocab_size=170, hidden_size=40, intermediate_size=72, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
        head_dim=16, max_position_embeddings=128, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=1000000.0))),
}


def old_form(config):
    """The rotary parameters as transformers 4 wrote them: rope_theta beside rope_scaling, type for rope_type."""
    old = {k: v for k, v in config.items() if k not in ("rope_parameters", "layer_types", "dtype", "transformers_version")}
    rope = dict(config["rope_parameters"])
    old["rope_theta"] = rope.pop("rope_theta")
    if rope["rope_type"] == "yarn":  # as in the card of Qwen2.5
        rope["type"] = rope.pop("rope_type")
    old["rope_scaling"] = rope if len(rope) > 1 else None
    old["torch_dtype"] = config["dtype"]
    return old


def main():
    for seed, (name, (dtype, config)) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        config._attn_implementation = "eager"
        model = transformers.AutoModelForCausalLM.from_config(config)
        with torch.no_grad():
            for key, p in model.named_parameters():
                if "norm" in key:
                    p.copy_(1 + 0.3 * torch.randn_like(p))
                elif key.endswith("bias"):
                    p.copy_(0.5 * torch.randn_like(p))
                elif "embed" in key:
                    p.copy_(torch.randn_like(p))
                else:
                    p.copy_(torch.randn_like(p) * 1.5 / p.shape[1] ** 0.5)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        model.to(dtype).save_pretrained(folder)
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        tokens = torch.randint(0, config.vocab_size, (1, LENGTH))
        with torch.no_grad():
            logits = model(tokens).logits[0]
        save_file({"tokens": tokens[0].to(torch.int32), "logits": logits.contiguous()}, folder / "expected.safetensors")
        (folder / "generation_config.json").unlink(missing_ok=True)
        written = json.loads((folder / "config.json").read_text())
        (folder / "config.old.json").write_text(json.dumps(old_form(written), indent=2) + "\n")
        size = sum(f.stat().st_size for f in folder.iterdir())
        print(f"{name}: {size} bytes, logits {logits.shape}, std {logits.std():.2f}, rope {written['rope_parameters']}")
        assert size < 200_000, name


main()
