"""Trains a Llama decoder with torch, one repetition at a time, for a program that measures itself in turn.

    python torch_speed.py --hidden 128 --layers 4 --heads 4 --kv-heads 4 --ff 352 --vocab 55 --docs 64 --length 128
                          [--threads 2] [--seconds 2] [--mode auto|eager|compile] [--checkpoint] [--seed 1]
                          needs: pip install torch  (a C++ compiler for --mode compile)

It prints {"ready": ...} once it can begin, then waits: for each line "go" on standard input it trains whole optimizer steps for about
--seconds and prints one JSON line; a line "go N" trains N steps instead; "quit" or the end of the input ends it. In between it uses no
processor, so that the two programs can take turns (A/B/A/B).

    {"ready": true, "mode", "torch", "threads", "pid", "parameters", "tokens_per_step", "base_rss_mb",
     "eager_tokens_per_second", "compile_tokens_per_second", "warm_up_seconds"}
    {"tokens", "seconds", "tokens_per_second", "steps", "loss", "cpu_seconds", "peak_rss_mb"}

A step is what a trainer does with one batch: --docs documents of --length tokens each, so without padding, every token but the first
of a document trained; forward, cross entropy, backward, clipping of the gradients' norm to 1, AdamW (fused, 0.9 and 0.95, decay 0.1 on
matrices), all in fp32. Attention is scaled_dot_product_attention, causal, documents apart as rows of the batch. The decoder is that of
transformers' Llama without its bookkeeping (RMSNorm, half-split rotary positions, SwiGLU, untied head), which only makes it faster.
--mode auto tries eager and torch.compile for one repetition each and keeps the faster. peak_rss_mb is the most the process has ever had
resident, imports included; base_rss_mb is what it was before the model was made. Measure memory with the mode named: auto has made
both models, and torch.compile its code.
"""
import argparse
import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


def arguments():
    p = argparse.ArgumentParser()
    for name, value in dict(hidden=128, layers=4, heads=4, kv_heads=4, ff=352, vocab=55, docs=64, length=128,
                             threads=2, seed=1).items():
        p.add_argument("--" + name.replace("_", "-"), type=int, default=value)
    p.add_argument("--seconds", type=float, default=2)
    p.add_argument("--mode", choices=["auto", "eager", "compile"], default="auto")
    p.add_argument("--checkpoint", action="store_true", help="recompute each layer in backward")
    return p.parse_args()


class Layer(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.heads, self.kv, self.dim = a.heads, a.kv_heads, a.hidden // a.heads
        self.norm1, self.norm2 = nn.RMSNorm(a.hidden, eps=1e-6), nn.RMSNorm(a.hidden, eps=1e-6)
        self.q = nn.Linear(a.hidden, self.heads * self.dim, bias=False)
        self.k = nn.Linear(a.hidden, self.kv * self.dim, bias=False)
        self.v = nn.Linear(a.hidden, self.kv * self.dim, bias=False)
        self.o = nn.Linear(self.heads * self.dim, a.hidden, bias=False)
        self.gate = nn.Linear(a.hidden, a.ff, bias=False)
        self.up = nn.Linear(a.hidden, a.ff, bias=False)
        self.down = nn.Linear(a.ff, a.hidden, bias=False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        h = self.norm1(x)
        q, k, v = (w(h).view(b, t, -1, self.dim).transpose(1, 2) for w in (self.q, self.k, self.v))
        q, k = rotated(q, cos, sin), rotated(k, cos, sin)
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.kv != self.heads)
        x = x + self.o(attended.transpose(1, 2).reshape(b, t, -1))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


def rotated(x, cos, sin):
    """cos, sin: (T, dim/2)."""
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Decoder(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.checkpoint = a.checkpoint
        self.embed, self.norm = nn.Embedding(a.vocab, a.hidden), nn.RMSNorm(a.hidden, eps=1e-6)
        self.layers = nn.ModuleList(Layer(a) for _ in range(a.layers))
        self.head = nn.Linear(a.hidden, a.vocab, bias=False)
        half = a.hidden // a.heads // 2
        angles = torch.outer(torch.arange(a.length), 10000.0 ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens):
        x, t = self.embed(tokens[:, :-1]), tokens.shape[1] - 1
        for layer in self.layers:
            if self.checkpoint:
                x = torch.utils.checkpoint.checkpoint(layer, x, self.cos[:t], self.sin[:t], use_reentrant=False)
            else:
                x = layer(x, self.cos[:t], self.sin[:t])
        return F.cross_entropy(self.head(self.norm(x)).flatten(0, 1), tokens[:, 1:].flatten())


def resident_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Run:
    """One way to train: a model, its optimizer, and steps."""

    def __init__(self, a, compiled):
        torch.manual_seed(a.seed)
        self.a, model = a, Decoder(a)
        self.parameters = list(model.parameters())
        matrices, vectors = [p for p in self.parameters if p.dim() == 2], [p for p in self.parameters if p.dim() == 1]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
        self.adam = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), fused=True)
        self.model = torch.compile(model) if compiled else model
        self.tokens = torch.randint(0, a.vocab, (a.docs, a.length))

    def step(self):
        self.adam.zero_grad(set_to_none=False)
        loss = self.model(self.tokens)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adam.step()
        return loss.item()

    def repetition(self, seconds, steps=0):
        """Trains for so long, at least one step, or exactly so many steps."""
        begin, used, n = time.perf_counter(), time.process_time(), 0
        while n < steps or not steps and (n == 0 or time.perf_counter() - begin < seconds):
            loss = self.step()
            n += 1
        took, tokens = time.perf_counter() - begin, n * self.a.docs * self.a.length
        return {"tokens": tokens, "seconds": took, "tokens_per_second": tokens / took, "steps": n, "loss": loss,
                "cpu_seconds": time.process_time() - used, "peak_rss_mb": resident_mb()}


def choose(a):
    """The faster of the modes asked for, warmed up, and how fast each was (0: not tried)."""
    begin, best, speeds = time.perf_counter(), None, {"eager": 0.0, "compile": 0.0}
    for mode in speeds:
        if a.mode not in ("auto", mode):
            continue
        try:
            run = Run(a, mode == "compile")
            run.step()  # compilation, first touches
            run.step()
            speeds[mode] = run.repetition(a.seconds)["tokens_per_second"]
        except Exception as e:  # no C++ compiler: eager is what there is
            if a.mode == mode:
                raise
            print(f"{mode} does not run here: {str(e).splitlines()[0]}", file=sys.stderr)
            continue
        if best is None or speeds[mode] > speeds[best[0]]:
            best = mode, run
    return *best, speeds, time.perf_counter() - begin


def say(what):
    print(json.dumps(what), flush=True)


def main():
    a = arguments()
    torch.set_num_threads(a.threads)
    torch.set_num_interop_threads(1)
    base = resident_mb()
    mode, run, speeds, took = choose(a)
    say({"ready": True, "mode": mode, "torch": torch.__version__, "threads": torch.get_num_threads(), "pid": os.getpid(),
         "parameters": sum(p.numel() for p in run.parameters), "tokens_per_step": a.docs * a.length, "base_rss_mb": base,
         "eager_tokens_per_second": speeds["eager"], "compile_tokens_per_second": speeds["compile"], "warm_up_seconds": took})
    for line in sys.stdin:
        words = line.split()
        if words[:1] == ["quit"]:
            break
        if words[:1] != ["go"]:
            print(f"{line.strip()!r} is not understood: go, go N, quit", file=sys.stderr)
            continue
        say(run.repetition(a.seconds, int(words[1]) if len(words) > 1 else 0))


main()
