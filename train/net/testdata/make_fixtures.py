"""Makes the seeded models in this folder and what torch says of training them: loss, gradients, ten steps of AdamW.

    python make_fixtures.py        needs: pip install torch transformers safetensors  (made with torch 2.15, transformers 5.24)

Each folder is a model (config.json, model.safetensors: fp32) with expected.safetensors beside it. T rows in all, R of them with a
target, V tokens in the vocabulary, P a parameter's Hugging Face name (model.layers.0.self_attn.q_proj.weight ...):

    tokens, pos     int32 (T)     three documents packed one after another; pos begins at 0 in each
    docs            int32 (4)     first row of each document, then T
    token_weights   fp32 (T)      loss weight of predicting token i from what stands before it in its document; 0 masks it
    rows, targets   int32 (R)     the same as a trainer wants it: row i predicts targets[i] = tokens[rows[i] + 1]
    weights         fp32 (R)      token_weights[rows[i] + 1], all > 0
    logits          fp32 (T, V)   of every row
    nll, entropy    fp32 (R)      -log p(target), unweighted; nats
    argmax          int32 (R)
    loss            fp32 (1)      sum(weights * nll) / sum(weights)
    grad.P          shape of P    d loss / d P; a tied table gets the sum of both its uses, under model.embed_tokens.weight
    lr              fp32 (10)     learning rate of each step
    losses, norms   fp32 (10)     loss, and norm of all gradients together before clipping, at the beginning of each step
    after.P         shape of P    the weights after ten steps of AdamW on this batch: betas 0.9 and 0.95, eps 1e-8, decay 0.1 on
                                  matrices (the embedding included) and none on norms and biases, gradients multiplied by
                                  min(1, 1 / (norm + 1e-6))

The documents go through torch one by one, unpacked, and their sums are added: a trainer that lets one document see another fails.
All of it is computed in float64 (but for the cosines of the rotation) and rounded at the end. The script checks that fp32 torch comes
out next to it, so that no number here hangs on noise (AdamW turns a gradient of almost nothing into a full step): hence the small
rope bases.
"""
import math
import pathlib
import shutil
import unittest.mock

import torch
import transformers
from safetensors.torch import save_file
from transformers import LlamaConfig, Qwen2Config, Qwen3Config

HERE = pathlib.Path(__file__).parent
STEPS, PEAK = 10, 2e-3
LENGTHS = (19, 4, 26)  # beyond the original context of llama3 below

LLAMA3 = dict(rope_type="llama3", rope_theta=40.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=16)
PLAIN = dict(rope_type="default", rope_theta=40.0)

CASES = {
    "llama": LlamaConfig(
        vocab_size=61, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False, rope_parameters=LLAMA3),
    "qwen2": Qwen2Config(
        vocab_size=67, hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=3, num_key_value_heads=1,
        max_position_embeddings=64, rms_norm_eps=1e-6, tie_word_embeddings=True, rope_parameters=PLAIN),
    "qwen3": Qwen3Config(
        vocab_size=59, hidden_size=20, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        head_dim=10, max_position_embeddings=64, rms_norm_eps=1e-6, tie_word_embeddings=False, rope_parameters=PLAIN),
}


def batch(vocab):
    """Three documents: a masked question then an answer, a short one trained from its second token, one with holes and odd weights."""
    docs = [torch.randint(0, vocab, (n,)) for n in LENGTHS]
    w = [torch.zeros(n) for n in LENGTHS]
    w[0][7:] = 1
    w[1][1:] = 1
    w[2][3:] = torch.tensor([1, 4, 0, 6, 2, 0.5, 0, 0, 1, 1]).repeat(3)[:23]
    return docs, w


def forward(model, docs, w):
    """The loss over all documents, each through the model alone, and the logits of every row."""
    logits = [model(d[None]).logits[0] for d in docs]
    total = sum(x.sum() for x in w)
    loss = sum((x[1:] * torch.nn.functional.cross_entropy(y[:-1], d[1:], reduction="none")).sum() for d, x, y in zip(docs, w, logits))
    return loss / total, torch.cat(logits)


def train(folder, dtype, docs, w):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation="eager").train()
    model.model.rotary_emb.inv_freq = model.model.rotary_emb.inv_freq.to(dtype)  # fp32 values, in either precision
    w = [x.to(dtype) for x in w]
    params = dict(model.named_parameters())
    adam = torch.optim.AdamW([
        {"params": [p for p in params.values() if p.dim() == 2], "weight_decay": 0.1},
        {"params": [p for p in params.values() if p.dim() == 1], "weight_decay": 0.0},
    ], lr=PEAK, betas=(0.9, 0.95), eps=1e-8)
    out = {"lr": [], "losses": [], "norms": []}
    for step in range(STEPS):  # two steps of warm-up, then a cosine
        lr = PEAK * ((step + 1) / 3 if step < 2 else 0.5 * (1 + math.cos(math.pi * (step - 2) / STEPS)))
        for g in adam.param_groups:
            g["lr"] = lr
        adam.zero_grad()
        with unittest.mock.patch.object(torch, "float32", dtype):  # transformers names the precision of norms and softmax
            loss, logits = forward(model, docs, w)
        loss.backward()
        if step == 0:
            out["logits"], out["loss"] = logits.detach(), loss.detach()[None]
            out |= {f"grad.{k}": p.grad.clone() for k, p in params.items()}
        norm = torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
        adam.step()
        out["lr"].append(lr)
        out["losses"].append(loss.item())
        out["norms"].append(norm.item())
    out |= {f"after.{k}": p.detach().clone() for k, p in params.items()}
    return {k: torch.tensor(v) if isinstance(v, list) else v for k, v in out.items()}


def expected(folder, vocab):
    docs, w = batch(vocab)
    out, single = train(folder, torch.float64, docs, w), train(folder, torch.float32, docs, w)
    worst = {"grad": 0.0, "after": 0.0, "logits": 0.0}
    for k, v in out.items():
        if (kind := k.split(".")[0]) in worst:
            d = (v - single[k].double()).abs().max().item()
            worst[kind] = max(worst[kind], d / v.abs().max().item() if kind == "grad" else d)
    assert worst["grad"] < 2e-5 and worst["after"] < 2e-6 and worst["logits"] < 2e-5, worst
    assert out["norms"].max() > 1.2 and out["losses"][-1] < out["losses"][0], (out["norms"], out["losses"])
    assert all(v.abs().max() > 0 for k, v in out.items() if k.startswith("grad."))

    tokens, flat = torch.cat(docs), torch.cat(w)
    starts = [0, *torch.tensor(LENGTHS).cumsum(0).tolist()]
    rows = torch.tensor([i - 1 for i in range(len(tokens)) if flat[i] > 0])
    targets = tokens[rows + 1]
    logp = out["logits"][rows].log_softmax(-1)
    out |= {
        "tokens": tokens, "pos": torch.cat([torch.arange(n) for n in LENGTHS]), "docs": torch.tensor(starts), "token_weights": flat,
        "rows": rows, "targets": targets, "weights": flat[rows + 1], "nll": -logp.gather(-1, targets[:, None])[:, 0],
        "entropy": -(logp.exp() * logp).sum(-1), "argmax": logp.argmax(-1),
    }
    assert torch.allclose((out["nll"] * out["weights"]).sum() / out["weights"].sum(), out["loss"][0])
    return {k: v.contiguous().to(torch.float32 if v.is_floating_point() else torch.int32) for k, v in out.items()}, worst


def main():
    torch.set_num_threads(1)
    for seed, (name, config) in enumerate(CASES.items()):
        torch.manual_seed(seed)
        model = transformers.AutoModelForCausalLM.from_config(config)
        with torch.no_grad():  # norms and biases too, so that none can be left out unnoticed
            for key, p in model.named_parameters():
                if "norm" in key:
                    p.copy_(1 + 0.3 * torch.randn_like(p))
                elif key.endswith("bias"):
                    p.copy_(0.5 * torch.randn_like(p))
                else:
                    p.copy_(torch.randn_like(p) * (0.7 if "embed" in key else 1.5 / p.shape[1] ** 0.5))
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        model.float().save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        out, worst = expected(folder, config.vocab_size)
        save_file(out, folder / "expected.safetensors")
        size = sum(f.stat().st_size for f in folder.iterdir())
        print(f"{name}: {size} bytes, loss {out['losses'][0]:.4f} -> {out['losses'][-1]:.4f}, norms {out['norms'][0]:.2f} -> "
              f"{out['norms'][-1]:.2f}, fp32 torch is off by at most " + ", ".join(f"{v:.1e} ({k})" for k, v in worst.items()))
        assert size < 200_000, name


main()
