"""Writes quant.safetensors: values, and the bytes that gguf-py's reference quantisers make of them.

    pip install gguf numpy safetensors && python quant.py

Bytes are stored as F16, one half for two bytes, so that the file needs no type that s1 does not read.
"""

import os

import gguf
import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(7)
x = rng.standard_normal((24, 64)).astype(np.float32)
x[0] = 0  # empty blocks
x[1, :32] = 1.25  # a constant one
x[2] *= 1e-6  # scales that are subnormal halves
x[3] *= 300
x[4] = np.arange(-32, 32)  # ties
x[5] = np.abs(x[5])
x[6] = -np.abs(x[6])
x[7, 5] = -x[7].max() * 2

out = {"values": x, "F16": x.astype(np.float16)}
for name in ["Q8_0", "Q4_0", "Q4_1", "BF16"]:
    packed = gguf.quants.quantize(x, gguf.GGMLQuantizationType[name])
    out[name] = np.ascontiguousarray(packed).view(np.uint8).view(np.float16)

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "quant.safetensors")
save_file(out, path)
os.chmod(path, 0o644)
