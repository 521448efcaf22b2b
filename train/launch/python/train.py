"""Fine-tunes with TRL's SFTTrainer, as s1 planned it. Started once a process by torchrun or accelerate:

    train.py RUN_FOLDER

RUN_FOLDER/launch/plan.json says everything: the arguments of SFTConfig for the versions that were found, the base model, the rows.
The rows are token ids with a mask, so that nothing is tokenized here. What is written:

    metrics.jsonl            one JSON object an optimizer step, with the fields that s1's own trainer has
    trl/checkpoint-N/        with s1-complete in it once all ranks have saved
    model/                   the result, a Hugging Face folder, renamed into place when whole; adapter/ beside it with LoRA
    launch/begin.json        {"step", "total", "world", "pids"} when the steps begin
    launch/end.json          {"state": "done" | "stopped", "step", "total"}

SIGUSR1 to any rank, or a file launch/stop, ends the run after the step at hand: saved, with exit code 0.
A file launch/save saves after the step at hand, and the run goes on: it is removed when all ranks have saved.
"""
import ctypes
import datetime
import fnmatch
import importlib.metadata
import json
import math
import os
import shutil
import signal
import sys
import time

COMPLETE = "s1-complete"
TOKENIZER_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
    "tokenizer.model", "chat_template.jinja", "chat_template.json", "generation_config.json",
)


def die_with_parent():
    """The kernel ends this process when the launcher that started it is gone, so that no rank is left behind."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, Linux only
    except (OSError, AttributeError):
        pass


asked = False


def ask(*_):
    global asked
    asked = True


def write_whole(path, value):
    part = path + ".part"
    with open(part, "w", encoding="utf-8") as f:
        json.dump(value, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(part, path)


def number(v):
    """JSON has no NaN: null says that it is no number."""
    return float(v) if v is not None and math.isfinite(float(v)) else None


def rank():
    return int(os.environ.get("RANK", "0"))


def barrier():
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.barrier()


def newest_checkpoint(root, ours):
    """The newest checkpoint that all ranks have saved. What a kill left unfinished is removed by rank 0."""
    best, at = None, -1
    for name in os.listdir(root) if os.path.isdir(root) else []:
        head, _, step = name.partition("-")
        path = os.path.join(root, name)
        if head != "checkpoint" or not step.isdigit() or not os.path.isdir(path):
            continue
        if not os.path.exists(os.path.join(path, COMPLETE)):
            if ours:
                shutil.rmtree(path, ignore_errors=True)
            continue
        if int(step) > at:
            best, at = path, int(step)
    return best, max(at, 0)


def keep_steps(path, done):
    """Cuts the metrics behind step `done`: later steps are done again, and each stands once."""
    if not os.path.exists(path):
        return
    keep = 0
    with open(path, "rb") as f:
        for line in f:
            try:
                step = json.loads(line)["step"]
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n") or step > done:
                break
            keep += len(line)
    os.truncate(path, keep)


def copy_tokenizer(base, folder):
    """Byte for byte: a tokenizer that was written anew is another one."""
    for name in TOKENIZER_FILES:
        source = os.path.join(base, name)
        if os.path.exists(source):
            shutil.copyfile(source, os.path.join(folder, name))


def make_callback(run, base):
    import torch
    from transformers import TrainerCallback

    stop_file, save_file = (os.path.join(run, "launch", name) for name in ("stop", "save"))

    class Watch(TrainerCallback):
        """Counts, reports and stops. on_step_end is a meeting of all ranks: they stop after the same step."""

        def __init__(self):
            self.counts = [0.0, 0.0, 0.0]  # tokens, trained tokens, places of a micro-batch; of this step and rank
            self.line, self.ends, self.lr, self.stopped = None, [], 0.0, False

        def count(self, inputs):
            ids = inputs["input_ids"]
            mask = inputs.get("attention_mask")
            self.counts[0] += float(mask.sum() if mask is not None else ids.numel())
            self.counts[1] += float((inputs["labels"] != -100).sum())
            self.counts[2] += float(ids.numel())

        def on_train_begin(self, args, state, control, **kw):
            pids = [os.getpid()]
            if args.world_size > 1:
                pids = [None] * args.world_size
                torch.distributed.all_gather_object(pids, os.getpid())
            self.ends = [time.monotonic()]
            if rank() == 0:
                keep_steps(os.path.join(run, "metrics.jsonl"), state.global_step)
                write_whole(os.path.join(run, "launch", "begin.json"), {"step": state.global_step, "total": state.max_steps, "world": args.world_size, "pids": pids})

        def on_step_begin(self, args, state, control, optimizer=None, **kw):
            if optimizer is not None:  # what this step will use; the log has that of the next
                self.lr = float(optimizer.param_groups[0]["lr"])

        def on_step_end(self, args, state, control, **kw):
            if torch.cuda.is_available():
                peak = torch.cuda.max_memory_allocated()
            else:
                import resource

                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            if rank() == 0 and os.path.exists(stop_file):
                ask()
            sums = torch.tensor(self.counts, dtype=torch.float64, device=args.device)
            save = rank() == 0 and os.path.exists(save_file)
            most = torch.tensor([float(asked), float(peak), float(save)], dtype=torch.float64, device=args.device)
            if args.world_size > 1:
                torch.distributed.all_reduce(sums)
                torch.distributed.all_reduce(most, op=torch.distributed.ReduceOp.MAX)
            self.tokens, self.trained, self.places = sums.tolist()
            self.counts = [0.0, 0.0, 0.0]
            self.peak = int(most[1])
            self.ends.append(time.monotonic())
            self.took = self.ends[-1] - self.ends[-2]
            if len(self.ends) == 3:  # the first step warms up and says nothing of the others
                self.ends.pop(0)
            self.ends = self.ends[-65:]
            if most[0] > 0 and state.global_step < state.max_steps:
                self.stopped = control.should_training_stop = True
            if self.stopped or most[2] > 0 or state.global_step >= state.max_steps:
                control.should_save = True
            return control

        def on_log(self, args, state, control, logs=None, **kw):
            if rank() != 0 or not logs or "loss" not in logs:
                return
            n = len(self.ends) - 1
            eta = (self.ends[-1] - self.ends[0]) / n * (state.max_steps - state.global_step) if n >= 3 else None
            self.line = {
                "step": state.global_step, "epoch": float(state.epoch or 0), "loss": number(logs["loss"]), "sample_loss": None, "lr": self.lr,
                "grad_norm": number(logs.get("grad_norm")), "tokens_per_second": self.tokens / max(self.took, 1e-9),
                "trained_share": self.trained / max(self.tokens, 1), "padding_waste": 1 - self.tokens / max(self.places, 1),
                "peak_memory_bytes": self.peak,
            }
            for ours, theirs in (("entropy", "entropy"), ("token_accuracy", "mean_token_accuracy")):
                if number(logs.get(theirs)) is not None:
                    self.line[ours] = number(logs[theirs])
            if eta is not None:
                self.line["eta_seconds"] = eta
            if not control.should_evaluate:  # its held-out loss still comes
                self.put()

        def on_evaluate(self, args, state, control, metrics=None, **kw):
            if self.line is not None and number((metrics or {}).get("eval_loss")) is not None:
                self.line["held_out"] = number(metrics["eval_loss"])
            self.put()

        def on_save(self, args, state, control, **kw):
            self.put()
            barrier()
            if rank() == 0:
                folder = os.path.join(args.output_dir, f"checkpoint-{state.global_step}")
                copy_tokenizer(base, folder)
                os.sync()
                with open(os.path.join(folder, COMPLETE), "w", encoding="utf-8") as f:
                    f.write("all ranks have saved\n")
                    f.flush()
                    os.fsync(f.fileno())
                if os.path.exists(save_file):
                    os.remove(save_file)
                    print("s1: saved after step %d, as was asked" % state.global_step, flush=True)
            barrier()

        def on_train_end(self, args, state, control, **kw):
            self.put()

        def put(self):
            if self.line is None:
                return
            with open(os.path.join(run, "metrics.jsonl"), "a", encoding="utf-8") as f:
                f.write(json.dumps(self.line) + "\n")
            print("s1: step %d loss %s" % (self.line["step"], self.line["loss"]), flush=True)
            self.line = None

    return Watch()


def finish(run, plan, trainer, lora):
    """Saves the result beside its place and renames it there."""
    part, final = os.path.join(run, ".model.part"), os.path.join(run, "model")
    if trainer.is_fsdp_enabled:
        trainer.accelerator.state.fsdp_plugin.set_state_dict_type("FULL_STATE_DICT")
    saved = os.path.join(run, "adapter") if lora else part
    if rank() == 0:
        shutil.rmtree(part, ignore_errors=True)
    barrier()
    trainer.save_model(saved)
    barrier()
    if rank() == 0:
        if lora:  # merged into the base, so that any engine opens it
            import torch
            from peft import PeftModel

            PeftModel.from_pretrained(load(plan, torch), saved).merge_and_unload().save_pretrained(part)
        copy_tokenizer(plan["base"], part)
        os.sync()
        shutil.rmtree(final, ignore_errors=True)
        os.replace(part, final)
    barrier()


def load(plan, torch):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(plan["base"], **{plan["dtype_argument"]: torch.float32})


def main(run):
    die_with_parent()
    signal.signal(signal.SIGUSR1, ask)
    with open(os.path.join(run, "launch", "plan.json"), encoding="utf-8") as f:
        plan = json.load(f)
    for name, version in plan["versions"].items():
        have = importlib.metadata.version(name)
        if have != version and rank() == 0:
            print(f"s1: this was planned for {name} {version}, and {have} is here; if an argument is refused, plan again on this machine", flush=True)

    import torch
    from datasets import load_dataset
    from transformers import AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    if plan["threads"]:
        torch.set_num_threads(plan["threads"])
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not torch.distributed.is_initialized():
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        torch.distributed.init_process_group(backend, timeout=datetime.timedelta(seconds=1800))
    arguments = dict(plan["arguments"], output_dir=os.path.join(run, "trl"))
    args = SFTConfig(**arguments)  # before the model: it tells the model how to load for FSDP

    tokenizer = AutoTokenizer.from_pretrained(plan["base"])
    if tokenizer.pad_token is None:  # padding has no loss, so that any token will do
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(plan["pad"])
    files = {"train": os.path.join(run, "launch", "rows.jsonl")}
    if plan["held_out"]:
        files["held_out"] = os.path.join(run, "launch", "held-out.jsonl")
    data = load_dataset("json", data_files=files, cache_dir=os.path.join(run, "launch", "cache"))
    data = data.select_columns(["input_ids", "completion_mask"])
    for rows in data.values():
        longest = max(len(ids) for ids in rows["input_ids"])
        if longest > plan["arguments"]["max_length"]:
            raise SystemExit(f"s1: a row has {longest} tokens and max_length is {plan['arguments']['max_length']}: TRL would cut it in silence")

    model = load(plan, torch)
    lora = None
    if plan["lora"]:
        from peft import LoraConfig

        lora = LoraConfig(task_type="CAUSAL_LM", **plan["lora"])
    for name, p in model.named_parameters():
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in plan["freeze"]):
            p.requires_grad_(False)

    watch = make_callback(run, plan["base"])

    class Trainer(SFTTrainer):
        def training_step(self, model, inputs, *rest, **named):
            watch.count(inputs)
            return super().training_step(model, inputs, *rest, **named)

    trainer = Trainer(
        model=model, args=args, train_dataset=data["train"], eval_dataset=data["held_out"] if plan["held_out"] else None,
        processing_class=tokenizer, peft_config=lora, callbacks=[watch],
    )
    again = plan["resume"] or int(os.environ.get("SLURM_RESTART_COUNT", "0")) > 0  # a job that SLURM started again goes on
    checkpoint, done = newest_checkpoint(args.output_dir, rank() == 0) if again else (None, 0)
    barrier()
    if rank() == 0:
        print(f"s1: {'going on after step %d' % done if checkpoint else 'beginning'}, {args.world_size} processes, {'weights split by FSDP' if trainer.is_fsdp_enabled else 'whole weights in each'}", flush=True)
    trainer.train(resume_from_checkpoint=checkpoint)
    state = trainer.state
    if not watch.stopped:
        finish(run, plan, trainer, lora)
    if rank() == 0:
        write_whole(os.path.join(run, "launch", "end.json"), {"state": "stopped" if watch.stopped else "done", "step": state.global_step, "total": state.max_steps})
        print(f"s1: {'stopped and saved' if watch.stopped else 'done'} after step {state.global_step} of {state.max_steps}", flush=True)
    barrier()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]))
