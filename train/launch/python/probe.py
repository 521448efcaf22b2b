"""Says in one line of JSON what this Python can train with. It changes nothing and fetches nothing."""
import importlib
import importlib.metadata
import json
import platform
import sys

PACKAGES = ("torch", "transformers", "trl", "accelerate", "datasets", "peft")

found = {"python": platform.python_version(), "executable": sys.executable, "versions": {}, "broken": {}, "fields": [], "gpus": [], "bf16": False, "nccl": False}
for name in PACKAGES:
    try:
        found["versions"][name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        continue
try:
    import torch

    found["nccl"] = torch.distributed.is_available() and torch.distributed.is_nccl_available()
    found["gloo"] = torch.distributed.is_available() and torch.distributed.is_gloo_available()
    if torch.cuda.is_available():
        found["bf16"] = torch.cuda.is_bf16_supported()
        for i in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(i)
            found["gpus"].append({"name": torch.cuda.get_device_name(i), "free": free, "total": total})
except Exception as e:  # a package that is there but does not load: said, not raised
    if "torch" in found["versions"]:
        found["broken"]["torch"] = f"{type(e).__name__}: {e}"[:500]
if "torch" in found["versions"] and "torch" not in found["broken"] and "trl" in found["versions"]:
    import dataclasses

    try:
        from trl import SFTConfig

        found["fields"] = sorted(f.name for f in dataclasses.fields(SFTConfig))
    except Exception as e:
        found["broken"]["trl"] = f"{type(e).__name__}: {e}"[:500]
print("s1-probe " + json.dumps(found))
