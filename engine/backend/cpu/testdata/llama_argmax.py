"""Asks a llama.cpp server what it finds likeliest after each prefix of a text: argv[1] is a gguf, argv[2] a port; a JSON list
of ids and the first length, [ids, from], a line in; the ids it would choose after ids[:from] ... ids[:-1] out."""
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
params.n_ctx = 512
params.n_parallel = 1
params.cpuparams.n_threads = 2
server = xllamacpp.Server(params)
url = f"http://127.0.0.1:{params.port}"

for _ in range(600):
    try:
        if urllib.request.urlopen(url + "/health").status == 200:
            break
    except OSError:
        pass
    time.sleep(0.1)


def likeliest(ids):
    body = {"prompt": ids, "n_predict": 1, "temperature": 0, "return_tokens": True, "cache_prompt": True}
    request = urllib.request.Request(url + "/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    tokens = json.load(urllib.request.urlopen(request))["tokens"]
    return tokens[0] if tokens else -1


for line in sys.stdin:
    ids, first = json.loads(line)
    sys.stdout.write("argmax " + json.dumps([likeliest(ids[:n]) for n in range(first, len(ids))]) + "\n")
sys.stdout.flush()
os._exit(0)  # the server has threads that do not like the interpreter ending
