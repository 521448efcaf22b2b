package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"s1/tui/keys"
)

// keyLine is a row of the table as JSON.
type keyLine struct {
	Action string   `json:"action"`
	Keys   []string `json:"keys"`
	Group  string   `json:"group"`
	Help   string   `json:"help"`
}

// keysCommand prints the keys as they are here, in the form in which the settings take them.
func (a *app) keysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keys", Short: "What every key does here, as the [keys] of the settings", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			names, of := a.keys.Groups()
			if a.json {
				for _, b := range a.keys.Table() {
					if err := a.printJSON(keyLine{string(b.Action), append([]string{}, b.Keys...), b.Group, b.Help}); err != nil {
						return err
					}
				}
				return nil
			}
			out := "[" + keysTable + "]\n"
			for _, g := range names {
				out += "\n# " + g + "\n"
				for _, b := range of[g] {
					out += fmt.Sprintf("%-44s # %s\n", string(b.Action)+" = "+tomlKeys(b), b.Help)
				}
			}
			_, err := fmt.Fprint(a.out, out)
			return err
		},
	}
}

// tomlKeys writes the keys of a binding as the settings take them.
func tomlKeys(b keys.Binding) string {
	list := make([]string, len(b.Keys))
	for i, k := range b.Keys {
		list[i] = strconv.Quote(keys.Name(k))
	}
	if len(list) == 1 {
		return list[0]
	}
	return "[" + strings.Join(list, ", ") + "]"
}
