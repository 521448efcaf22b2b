"""Asks a llama.cpp server for the ids of texts: argv[1] is a gguf; a JSON object {"text", "special"} a line in, ids out."""
import json
import os
import sys
import time
import urllib.request

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.n_ctx = 256
params.n_parallel = 1
params.cpuparams.n_threads = 1
server = xllamacpp.Server(params)
url = f"http://127.0.0.1:{params.port}"

for _ in range(600):
    try:
        if urllib.request.urlopen(url + "/health").status == 200:
            break
    except OSError:
        pass
    time.sleep(0.1)

for line in sys.stdin:
    job = json.loads(line)
    body = {"content": job["text"], "add_special": False, "parse_special": job["special"]}
    request = urllib.request.Request(url + "/tokenize", json.dumps(body).encode(), {"Content-Type": "application/json"})
    sys.stdout.write("ids " + json.dumps(json.load(urllib.request.urlopen(request))["tokens"]) + "\n")
sys.stdout.flush()
os._exit(0)  # the server has threads that do not like the interpreter ending
