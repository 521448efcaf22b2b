"""Opens an exported GGUF file with llama.cpp and lets it go on from token ids, greedily.

    python llama_cpp.py FILE.gguf PORT IDS N [TEXT]      needs: pip install xllamacpp

Standard output gets one line "answer {...}" between the server's own: the N tokens, for each the likeliest three ids with their
log-probabilities, and with TEXT its ids.
"""
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
params.warmup = False
server = xllamacpp.Server(params)
url = f"http://127.0.0.1:{params.port}"


def post(path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))


for _ in range(600):
    try:
        if urllib.request.urlopen(url + "/health").status == 200:
            break
    except OSError:
        pass
    time.sleep(0.1)

said = post("/completion", {
    "prompt": [int(i) for i in sys.argv[3].split(",")], "n_predict": int(sys.argv[4]), "temperature": 0, "return_tokens": True,
    "n_probs": 3, "ignore_eos": True, "cache_prompt": False})
out = {"tokens": said["tokens"],
       "top": [[{"id": t["id"], "logprob": t["logprob"]} for t in p["top_logprobs"]] for p in said["completion_probabilities"]]}
if len(sys.argv) > 5:
    out["ids"] = post("/tokenize", {"content": sys.argv[5], "add_special": False, "parse_special": True})["tokens"]
print("\nanswer " + json.dumps(out), flush=True)
os._exit(0)  # the server has threads that do not like the interpreter ending
