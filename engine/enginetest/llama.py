"""A llama.cpp server for the tests: llama.py MODEL PORT. It ends with its standard input."""

import sys

from xllamacpp import CommonParams, Server

p = CommonParams()
p.model.path = sys.argv[1]
p.hostnames = ["127.0.0.1"]
p.port = int(sys.argv[2])
p.n_ctx = 4096
p.n_parallel = 2
p.cpuparams.n_threads = 2
server = Server(p)
print("ready", flush=True)
sys.stdin.read()
