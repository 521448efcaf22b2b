"""Writes dequant.json: random blocks of every GGUF type and what python gguf's own dequantisation makes of them.

    python make_fixtures.py        needs: pip install gguf numpy

Blocks are random bytes with the fp16 scales replaced by ordinary, subnormal and negative ones, so that every bit of the
packed fields is used. Values are stored as fp32 bit patterns in hex, to be compared exactly.
"""
import json
import pathlib

import numpy as np
from gguf import GGMLQuantizationType as T
from gguf.quants import GGML_QUANT_SIZES, dequantize

# byte offsets of the fp16 fields in a block
HALVES = {T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2],
          T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}
rng = np.random.default_rng(1)
out = []
for t, halves in HALVES.items():
    block, size = GGML_QUANT_SIZES[t]
    blocks = rng.integers(0, 256, (3, size), dtype=np.uint8)
    for i, scale in enumerate([0.0123, -1.5, 3e-7]):  # the last is subnormal
        for h in halves:
            value = np.float16(scale * (1 + 0.1 * h / 208))
            blocks[i, h:h + 2] = np.frombuffer(value.tobytes(), np.uint8)
    y = dequantize(blocks, t).astype("<f4").reshape(-1)
    out.append({"type": t.name, "data": blocks.tobytes().hex(), "want": y.tobytes().hex()})
f16 = np.array([0, 1, 0x3ff, 0x400, 0x3c00, 0x7bff, 0x7c00, 0x8000, 0x8001, 0xbc01, 0xfbff, 0xfc00], "<u2")
out.append({"type": "F16", "data": f16.tobytes().hex(), "want": f16.view("<f2").astype("<f4").tobytes().hex()})
bf16 = np.array([0, 1, 0x3f80, 0x3f81, 0xc2f7, 0x7f80, 0xff80, 0x0080], "<u2")
out.append({"type": "BF16", "data": bf16.tobytes().hex(), "want": (bf16.astype("<u4") << 16).astype("<u4").tobytes().hex()})
path = pathlib.Path(__file__).with_name("dequant.json")
path.write_text("[\n" + ",\n".join(json.dumps(o) for o in out) + "\n]\n")
