package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s1/engine/spelling"
)

// group is a command that only holds others.
func group(use, short string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: noSuchCommand, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
}

// helpCommand is cobra's, but for words that are no command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND...]", Short: "What a command does, and its flags",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			switch {
			case err == nil && (len(rest) == 0 || !about.HasSubCommands()):
				about.InitDefaultHelpFlag()
				return about.Help()
			case about == nil:
				about, rest = cmd.Root(), args
			}
			return noSuchCommand(about, rest)
		},
	}
}

// noSuchCommand refuses words where a command is expected, and names the nearest one.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	word := args[0]
	if strings.ContainsAny(word, " ?") && !cmd.HasParent() {
		return usagef("%.40q is no command; s1 run asks a question: s1 run 'a question'", word)
	}
	near := spelling.Nearest(word, names)
	if near == "" {
		return usagef("%s has no command %.40q; it has %s", cmd.CommandPath(), word, strings.Join(names, ", "))
	}
	return usagef("%s has no command %.40q; did you mean %q?", cmd.CommandPath(), word, near)
}

// inWords makes what cobra says of too few or too many words a sentence that says which.
func inWords(args cobra.PositionalArgs, example string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, words []string) error {
		err := args(cmd, words)
		if err == nil || !isCobraUsage(err) {
			return err
		}
		_, takes, _ := strings.Cut(cmd.Use, " ")
		var most, have int
		_, says := fmt.Sscanf(err.Error(), "accepts %d arg(s), received %d", &most, &have)
		switch {
		case takes == "":
			return usagef("%s takes no words; there is %.40q", cmd.CommandPath(), words[0])
		case strings.HasPrefix(err.Error(), "accepts at most") || says == nil && have > most:
			return usagef("%s takes %s, and %.40q is one too many; quotes keep words together", cmd.CommandPath(), takes, words[len(words)-1])
		case example == "":
			return usagef("%s needs %s; %s --help says more", cmd.CommandPath(), takes, cmd.CommandPath())
		}
		return usagef("%s needs %s; for example: %s", cmd.CommandPath(), takes, example)
	}
}

// flagError says what is wrong with a flag in words, and names the nearest one.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && strings.IndexAny(unknown.GetSpecifiedShortnames(), "0123456789") == 0 && strings.Contains(cmd.Use, "PROMPT"):
		return usagef("%s has no flag -%.1s; a question that begins with a minus goes last, behind --: %[1]s -- '-%.40[2]s'", cmd.CommandPath(), unknown.GetSpecifiedShortnames())
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "":
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		word := unknown.GetSpecifiedName()
		if near := spelling.Nearest(word, names); near != "" {
			return usagef("%s has no flag --%.40s; did you mean --%s?", cmd.CommandPath(), word, near)
		}
		return usagef("%s has no flag --%.40s; %s --help shows those it has", cmd.CommandPath(), word, cmd.CommandPath())
	case errors.As(err, &unknown):
		short := unknown.GetSpecifiedShortnames()
		return usagef("%s has no flag -%.1s; a text that begins with - stands behind --, as in: %s -- '-%.40s'", cmd.CommandPath(), unknown.GetSpecifiedName(), cmd.CommandPath(), short)
	case errors.As(err, &value):
		return usagef("--%s %q: %s", value.GetFlag().Name, value.GetValue(), wanted(value.GetFlag()))
	}
	return usageError{err}
}

// wanted says what a flag takes.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "not a whole number"
	case "uint64":
		return "not a whole number from 0 up"
	case "number":
		return "not a number"
	case "bool":
		return "neither true nor false"
	}
	return "not a " + f.Value.Type()
}
