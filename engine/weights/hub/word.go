package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Ref is a repository of a hub, with the revision and file that a word may name.
type Ref struct {
	Repo     string // org/name, of a data set datasets/org/name
	Revision string // a branch, tag or commit; "main" when the word has none
	File     string // "" = the model of the repository
}

// String is the word that names the same thing.
func (r Ref) String() string {
	s := r.Repo
	if r.Revision != mainRevision {
		s += "@" + r.Revision
	}
	if r.File != "" {
		s += ":" + r.File
	}
	return s
}

const mainRevision = "main"

var (
	repoName   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$`)
	commitName = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

const wordForms = "a folder, file.gguf, org/name[@revision][:file] or smollm2"

// NoModel says that a word has none of the forms that name a model.
type NoModel struct{ Word string }

func (e *NoModel) Error() string {
	return fmt.Sprintf("%q names no model; it must be %s", e.Word, wordForms)
}

// parseRef reads org/name[@revision][:file].
func parseRef(word string) (Ref, error) {
	rest, file, hasFile := strings.Cut(word, ":")
	repo, revision, hasRevision := strings.Cut(rest, "@")
	r := Ref{Repo: repo, Revision: mainRevision, File: file}
	if !repoName.MatchString(repo) || strings.Contains(repo, "--") || strings.Contains(repo, "..") {
		return r, &NoModel{Word: word}
	}
	if hasRevision {
		r.Revision = revision
	}
	if !safePath(r.Revision) {
		return r, fmt.Errorf("%q: %q cannot be a revision", word, revision)
	}
	if hasFile && !safePath(file) {
		return r, fmt.Errorf("%q: %q cannot be a file of a repository", word, file)
	}
	return r, nil
}

// Published is where a hub has the model that a word names; ok is false for what only this machine or this program has.
func Published(word string) (r Ref, ok bool) {
	if word == smolWord {
		return Ref{Repo: smolRepo, Revision: mainRevision}, true
	}
	if _, here, _ := localPath(word); here {
		return Ref{}, false
	}
	r, err := parseRef(word)
	return r, err == nil
}

// safePath says that a name with slashes stays inside the folder it is joined to. Names come from users and servers.
func safePath(name string) bool {
	if name == "" || len(name) > 512 || strings.ContainsAny(name, "\\:") || !filepath.IsLocal(name) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || len(part) > 255 {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// localPath returns the path a word names, if it is one: it exists, or it can be nothing else.
func localPath(word string) (string, bool, error) {
	path := word
	if strings.HasPrefix(word, "~/") {
		path = expand(word)
	}
	_, err := os.Stat(path)
	switch {
	case err == nil:
		return path, true, nil
	case strings.HasPrefix(word, "/"), strings.HasPrefix(word, "./"), strings.HasPrefix(word, "../"), strings.HasPrefix(word, "~/"),
		strings.HasSuffix(strings.ToLower(word), ".gguf") && !strings.Contains(word, ":"):
		return "", true, fmt.Errorf("find model %s: %w", word, err)
	}
	return "", false, nil
}
