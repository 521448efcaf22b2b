"""Puts an exported adapter on an exported base with PEFT and writes the logits, before and after PEFT merges it.

    python peft_adapter.py BASE ADAPTER IDS OUT      needs: pip install torch transformers peft

OUT receives fp32 logits (2, T, V), the folder OUT.saved the adapter as PEFT saves it. Standard output gets one JSON object: the keys of the adapter that PEFT did not find a place for,
those it misses, and the number of parameters of the adapter.
"""
import json
import sys

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

base, adapter, ids, out = sys.argv[1], sys.argv[2], torch.tensor([[int(i) for i in sys.argv[3].split(",")]]), sys.argv[4]
torch.set_num_threads(1)
model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager", local_files_only=True)
model = PeftModel.from_pretrained(model, adapter).eval()
there, file = set(get_peft_model_state_dict(model)), load_file(f"{adapter}/adapter_model.safetensors")
model.save_pretrained(out + ".saved")
with torch.no_grad():
    on = model(ids).logits
    merged = model.merge_and_unload()(ids).logits
open(out, "wb").write(torch.cat([on, merged]).numpy().astype("<f4").tobytes())
print(json.dumps({"unexpected": sorted(set(file) - there), "missing": sorted(there - set(file)), "parameters": sum(v.numel() for v in file.values())}))
