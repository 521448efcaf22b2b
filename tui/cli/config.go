package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s1/engine/spelling"
)

// config is the settings file: a value for any flag, under the flag's name with _ for -, and the tables [screen] and [keys].
type config map[string]any

// The tables of the settings file.
const (
	screenTable = "screen"
	keysTable   = "keys"
)

func configPath() string { return filepath.Join(xdg.ConfigHome, "s1", "config.toml") }

func readConfig(path string) (config, error) {
	var c config
	if _, err := toml.DecodeFile(path, &c); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, usagef("settings %s: %w", path, err)
	}
	return c, nil
}

// settle fills in the flags nobody gave: from S1_* in the environment, then from the settings file.
// A key that no command knows is an error that names the nearest one.
func (a *app) settle(cmd *cobra.Command) error {
	path := configPath()
	c, err := readConfig(path)
	if err != nil {
		return err
	}
	a.config = c
	if err := a.settleScreen(path, c); err != nil {
		return err
	}
	known := append(settable(cmd.Root()), screenTable, keysTable)
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if !slices.Contains(known, key) {
			return usagef("settings %s: unknown key %q%s", path, key, spelling.Hint(key, known))
		}
	}
	var bad error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Changed || bad != nil || !slices.Contains(known, key(f)) {
			return
		}
		name := "S1_" + strings.ToUpper(key(f))
		if v, ok := os.LookupEnv(name); ok && v != "" {
			if err := f.Value.Set(v); err != nil {
				bad = usagef("environment %s=%q: %s", name, v, wanted(f))
			}
			return
		}
		if v, ok := c[key(f)]; ok {
			if err := f.Value.Set(fmt.Sprint(v)); err != nil {
				bad = usagef("settings %s: %s = %v: %s", path, key(f), v, wanted(f))
			}
		}
	})
	return bad
}

func key(f *pflag.Flag) string { return strings.ReplaceAll(f.Name, "-", "_") }

// settable lists the flags of all commands, as keys.
func settable(root *cobra.Command) []string {
	var keys []string
	add := func(f *pflag.Flag) {
		if f.Name != "help" && f.Name != "version" && f.Name != "json" {
			keys = append(keys, key(f))
		}
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	slices.Sort(keys)
	return slices.Compact(keys)
}
