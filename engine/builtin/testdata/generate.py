"""Opens a folder with transformers and says, a JSON line a question, its ids, and what greedy decoding makes of them."""
import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = sys.argv[1]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
for question in sys.argv[2:]:
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    out = model.generate(torch.tensor([ids]), max_new_tokens=400, do_sample=False)[0].tolist()
    print(json.dumps({"prompt": ids, "ids": out[len(ids):], "text": tokenizer.decode(out)}))
