"""Opens an exported folder with transformers and writes the logits it computes in fp32.

    python transformers_folder.py FOLDER IDS OUT [TEXT]      needs: pip install torch transformers

IDS are token ids with commas between. OUT receives fp32 logits (T, V). Standard output gets one JSON object: the class, the number of
parameters, what of the weights was missing or not used, and with TEXT its ids and the prompt that the chat template makes of it.
"""
import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder, ids, out = sys.argv[1], [int(i) for i in sys.argv[2].split(",")], sys.argv[3]
torch.set_num_threads(1)
model, info = AutoModelForCausalLM.from_pretrained(
    folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True, local_files_only=True)
with torch.no_grad():
    logits = model.eval()(torch.tensor([ids])).logits[0]
open(out, "wb").write(logits.numpy().astype("<f4").tobytes())
said = {"class": type(model).__name__, "parameters": sum(p.numel() for p in model.parameters()), "missing": list(info["missing_keys"]),
        "unexpected": list(info["unexpected_keys"]), "eos": model.generation_config.eos_token_id}
if len(sys.argv) > 4:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    said["ids"] = tokenizer(sys.argv[4], add_special_tokens=False).input_ids
    said["chat"] = tokenizer.apply_chat_template([{"role": "user", "content": sys.argv[4]}], tokenize=False, add_generation_prompt=True)
print(json.dumps(said))
