package launch

import (
	"fmt"
	"math"

	"s1/train/recipe"
)

// shape is how a run is spread.
type shape struct {
	nodes, processes int // processes of each node
	accumulate       int // micro-batches of a step, on each process
	shard            bool
	bf16             bool
	gpus             bool
}

func (s shape) world() int { return s.nodes * s.processes }

// spread says how a recipe's batch comes apart on what is there.
func spread(rec recipe.Recipe, p Python) (shape, []Lack) {
	l := rec.Launch
	s := shape{nodes: l.Nodes, processes: l.Processes, gpus: len(p.GPUs) > 0}
	queued := l.Backend == recipe.SLURM
	if queued { // the machine that plans need not have the GPUs
		s.gpus = l.Slurm.GPUs > 0
	}
	if s.processes == 0 {
		s.processes = max(1, len(p.GPUs))
		if queued {
			s.processes = max(1, l.Slurm.GPUs)
		}
	}
	s.shard = l.Shard == "on" || l.Shard == "auto" && s.gpus && s.world() > 1
	s.bf16 = l.Precision == "bf16" || l.Precision == "auto" && s.gpus && (p.BF16 || queued)
	var out []Lack
	if n := len(p.GPUs); !queued && n > 0 && s.processes > n {
		out = append(out, Lack{fmt.Sprintf("launch.processes is %d, and torch sees %d GPUs here", s.processes, n), fmt.Sprintf("set it to at most %d", n)})
	}
	if rec.Train.BatchRows == 0 {
		out = append(out, Lack{fmt.Sprintf("a step takes rows until it has %d tokens, which TRL cannot", rec.Train.BatchTokens), "give train.batch_rows"})
		return s, out
	}
	each := s.world() * l.PerDevice
	s.accumulate = max(1, rec.Train.BatchRows/each)
	if got := s.accumulate * each; got != rec.Train.BatchRows {
		out = append(out, Lack{
			fmt.Sprintf("train.batch_rows is %d, and %d processes with %d rows each come to %d: another batch is another training", rec.Train.BatchRows, s.world(), l.PerDevice, got),
			fmt.Sprintf("set launch.processes, launch.nodes or launch.per_device so that %d is a multiple of their product", rec.Train.BatchRows),
		})
	}
	return s, out
}

// unable is what TRL, as launched here, would not do of a recipe, where leaving it out would be another training.
func unable(rec recipe.Recipe) []Lack {
	var out []Lack
	no := func(bad bool, what, do string) {
		if bad {
			out = append(out, Lack{what, do})
		}
	}
	o := rec.Optimizer
	no(o.Kind != "adamw", fmt.Sprintf("optimizer.kind is %q, and TRL has adamw", o.Kind), `set it to "adamw", or use the own trainer`)
	no(o.Schedule != "cosine" && o.MinShare > 0, fmt.Sprintf("optimizer.min_share is %g with the schedule %q, and transformers has such an end for cosine only", o.MinShare, o.Schedule), "set it to 0")
	no(rec.Eval.KeepBest || rec.Eval.EarlyStop > 0, "eval.keep_best and eval.early_stop are the own trainer's", "leave them out")
	no(rec.LoRA.Rank > 0 && len(rec.Freeze.Patterns) > 0, "freeze.patterns beside lora: peft freezes all that is not its own", "leave freeze out")
	return out
}

// notes are what TRL does not do of a recipe without making another training of it.
func notes(rec recipe.Recipe) []string {
	var out []string
	if rec.Probe.Every > 0 {
		out = append(out, "probe.every: TRL does not let the model think on the way; s1 train probe -m RUN/model does it on the result")
	}
	if len(rec.Pinned.Questions) > 0 {
		out = append(out, "pinned: TRL answers no questions on the way; s1 run -m RUN/model asks the result")
	}
	if rec.Optimizer.SpikeZ > 0 {
		out = append(out, "optimizer.spike_z: TRL takes every step, also one whose loss stands out")
	}
	if rec.Train.MicroTokens > 0 {
		out = append(out, "train.micro_tokens: TRL pads rows, it does not pack them; launch.per_device rows are computed at once")
	}
	return out
}

// arguments are those of SFTConfig, by the names that the version found takes.
func arguments(rec recipe.Recipe, p Python, s shape, block int, steps int64, heldOut bool) map[string]any {
	o, t := rec.Optimizer, rec.Train
	a := map[string]any{
		"max_length": block, "packing": false, "completion_only_loss": true,
		"per_device_train_batch_size": rec.Launch.PerDevice, "gradient_accumulation_steps": s.accumulate,
		"learning_rate": o.LR, "adam_beta1": o.Beta1, "adam_beta2": o.Beta2, "adam_epsilon": o.Eps, "weight_decay": o.WeightDecay,
		"max_grad_norm": o.Clip, "warmup_steps": int64(math.Ceil(o.Warmup * float64(steps))),
		"bf16": s.bf16, "seed": t.Seed % (1 << 32), "logging_steps": 1, "logging_first_step": true, "logging_nan_inf_filter": false,
		"save_total_limit": rec.Checkpoint.Keep, "report_to": "none", "disable_tqdm": true, "push_to_hub": false,
	}
	switch {
	case o.Schedule == "cosine" && o.MinShare > 0:
		a["lr_scheduler_type"], a["lr_scheduler_kwargs"] = "cosine_with_min_lr", map[string]any{"min_lr_rate": o.MinShare}
	case o.Schedule == "constant":
		a["lr_scheduler_type"] = "constant_with_warmup"
	default:
		a["lr_scheduler_type"] = o.Schedule
	}
	if t.Steps > 0 {
		a["max_steps"] = t.Steps
	} else {
		a["num_train_epochs"] = t.Epochs
	}
	a["save_strategy"] = "no" // the script saves at the end, and when it is stopped
	if rec.Checkpoint.Every > 0 {
		a["save_strategy"], a["save_steps"] = "steps", rec.Checkpoint.Every
	}
	evaluate := p.name("eval_strategy", "evaluation_strategy")
	if heldOut && rec.Eval.Every > 0 {
		a[evaluate], a["eval_steps"], a["per_device_eval_batch_size"] = "steps", rec.Eval.Every, rec.Launch.PerDevice
	} else {
		a[evaluate] = "no"
	}
	if !s.gpus {
		a[p.name("use_cpu", "no_cuda")] = true
	}
	// TRL checkpoints unless told not to; FSDP has its own way, in its configuration.
	again := t.GradientCheckpointing && !s.shard
	a[p.name("activation_checkpointing", "gradient_checkpointing")] = again
	if again {
		a[p.name("activation_checkpointing_kwargs", "gradient_checkpointing_kwargs")] = map[string]any{"use_reentrant": false}
	}
	for field, v := range map[string]any{ // where the version has them
		"average_tokens_across_devices": true, "ddp_find_unused_parameters": false,
	} {
		if p.Takes(field) {
			a[field] = v
		}
	}
	if s.shard && rec.Launch.Starter == "torchrun" { // accelerate has its file
		a["fsdp"] = any(true)
		if p.Major("transformers") < 5 {
			a["fsdp"] = "full_shard auto_wrap"
		}
		a["fsdp_config"] = map[string]any{
			"version": 2, "auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "reshard_after_forward": true, "cpu_ram_efficient_loading": s.gpus,
			"state_dict_type": "FULL_STATE_DICT", "activation_checkpointing": t.GradientCheckpointing,
		}
	}
	return a
}

// name is the first of an argument's names that the version takes.
func (p Python) name(names ...string) string {
	for _, n := range names {
		if p.Takes(n) {
			return n
		}
	}
	return names[0]
}
