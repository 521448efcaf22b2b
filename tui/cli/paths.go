package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
)

// databasePath is where sessions are kept: $S1_DATA_DIR or $XDG_DATA_HOME/s1.
func databasePath() string {
	if dir := os.Getenv("S1_DATA_DIR"); dir != "" {
		return filepath.Join(dir, "s1.db")
	}
	return filepath.Join(xdg.DataHome, "s1", "s1.db")
}

func cacheDir() string { return filepath.Join(xdg.CacheHome, "s1") }

type place struct {
	Name string `json:"name"`
	Path string `json:"path"`
	Use  string `json:"use"`
}

func places() []place {
	return []place{
		{"settings", configPath(), "your defaults, one key a flag"},
		{"sessions", databasePath(), "runs, branches, tokens"},
		{"jobs", jobsDir(), "what runs, or ran, without a terminal"},
		{"cache", cacheDir(), "the tokenizer library, models that s1 fetched itself"},
		{"hub", hubDir(), "models, shared with Python's huggingface_hub"},
	}
}

func (a *app) pathsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "paths",
		Short: "Where s1 keeps things",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			for _, p := range places() {
				if a.json {
					if err := a.printJSON(p); err != nil {
						return err
					}
					continue
				}
				if _, err := fmt.Fprintf(a.out, "%-10s %s\n", p.Name, p.Path); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "The version of s1",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.printJSON(map[string]string{"version": version})
			}
			_, err := fmt.Fprintln(a.out, "s1 "+version)
			return err
		},
	}
}
