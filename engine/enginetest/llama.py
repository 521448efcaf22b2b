"""A llama.cpp server for the tests: llama.py MODEL PORT shared|alone. It ends with its standard input."""

import sys

from xllamacpp import CommonParams, Server

p = CommonParams()
p.model.path = sys.argv[1]
p.hostnames = ["127.0.0.1"]
p.port = int(sys.argv[2])
p.n_ctx = 4096
p.n_parallel = 2
p.cpuparams.n_threads = 2
if sys.argv[3] == "alone":  # what a request says must not depend on the others, not even in the last bit
    p.n_parallel = 1
    p.cpuparams.n_threads = 1
    p.cache_prompt = False
server = Server(p)
print("ready", flush=True)
sys.stdin.read()
