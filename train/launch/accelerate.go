package launch

import (
	"fmt"
	"strings"

	"s1/train/recipe"
)

// accelerateConfig is accelerate's file: where the processes are, and FSDP2 where weights are split.
func accelerateConfig(rec recipe.Recipe, s shape) string {
	var b strings.Builder
	put := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	kind := "NO"
	switch {
	case s.shard:
		kind = "FSDP"
	case s.world() > 1 && s.gpus:
		kind = "MULTI_GPU"
	case s.world() > 1:
		kind = "MULTI_CPU"
	}
	put("compute_environment: LOCAL_MACHINE")
	put("distributed_type: '%s'", kind) // in quotes: a bare NO is false in YAML
	put("num_machines: %d", s.nodes)
	put("num_processes: %d", s.world())
	put("machine_rank: 0")
	put("mixed_precision: '%s'", map[bool]string{true: "bf16", false: "no"}[s.bf16])
	put("use_cpu: %t", !s.gpus)
	put("main_training_function: main")
	put("rdzv_backend: %s", map[bool]string{true: "c10d", false: "static"}[s.nodes > 1])
	put("same_network: true")
	put("debug: false")
	if !s.gpus && s.world() > 1 {
		put("mpirun_config: null")
	}
	if s.shard {
		put("fsdp_config:")
		put("  fsdp_version: 2")
		put("  fsdp_auto_wrap_policy: TRANSFORMER_BASED_WRAP")
		put("  fsdp_reshard_after_forward: true")
		put("  fsdp_cpu_ram_efficient_loading: %t", s.gpus)
		put("  fsdp_offload_params: false")
		put("  fsdp_activation_checkpointing: %t", rec.Train.GradientCheckpointing)
		put("  fsdp_state_dict_type: FULL_STATE_DICT")
	}
	return b.String()
}
