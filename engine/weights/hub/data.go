package hub

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// dataPrefix stands before the name of a data set's repository, as in the hub's own addresses. Words of models have one slash,
// so that none of them names a data set.
const dataPrefix = "datasets/"

const (
	maxDataBytes = 1 << 30 // of the file of a data set
	cardFile     = "README.md"
	maxCardBytes = 1 << 20
)

// Data is a file of a data set on this machine.
type Data struct {
	Path    string
	Commit  string
	Home    string // the page of the data set
	Licence string // as its page states it; "" = it states none
}

// PullData fetches a file of the data set org/name at a revision ("" = main) and its page, unless they are here already.
func (h *Hub) PullData(ctx context.Context, repo, revision, file string, progress func(Progress)) (Data, error) {
	if !repoName.MatchString(repo) || !safePath(file) {
		return Data{}, fmt.Errorf("%q of %q names no file of a data set", file, repo)
	}
	r := Ref{Repo: dataPrefix + repo, Revision: first(revision, mainRevision), File: file}
	_, cacheErr := h.cached(r)
	switch {
	case cacheErr == nil && (h.Offline || commitName.MatchString(r.Revision)): // a commit never changes
		return h.data(r, h.commitOf(r)), nil
	case h.Offline:
		return Data{}, fmt.Errorf("the data set %s is not on this machine (%s is missing in %s) and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE",
			repo, file, filepath.Join(h.repoDir(r.Repo), snapshotsDir))
	}
	commit, err := h.pullData(ctx, r, &meter{report: progress})
	if err != nil && cacheErr == nil && errors.Is(err, errUnreachable) {
		if progress != nil {
			progress(Progress{Message: fmt.Sprintf("%v; the copy on this machine is used", err)})
		}
		return h.data(r, h.commitOf(r)), nil
	}
	if err != nil {
		return Data{}, fmt.Errorf("pull the data set %s: %w", repo, err)
	}
	return h.data(r, commit), nil
}

func (h *Hub) pullData(ctx context.Context, r Ref, m *meter) (commit string, err error) {
	m.say("asking " + h.Endpoint + " for " + r.String())
	commit, listed, err := h.listing(ctx, r)
	if err != nil {
		return "", err
	}
	if !slices.Contains(listed, r.File) {
		return "", fmt.Errorf("it has no file %q at revision %s", r.File, r.Revision)
	}
	names := []string{r.File}
	if slices.Contains(listed, cardFile) {
		names = append(names, cardFile)
	}
	files, err := h.describe(ctx, r, commit, names, m)
	if err != nil {
		return "", err
	}
	for i, most := range []int64{maxDataBytes, maxCardBytes}[:len(files)] {
		if files[i].size > most {
			return "", fmt.Errorf("%s has %d bytes, more than %d", files[i].name, files[i].size, most)
		}
	}
	if err := h.checkRoom(r.Repo, files); err != nil {
		return "", err
	}
	m.done = 0
	for _, f := range files {
		if err := h.pullFile(ctx, r.Repo, commit, f, m); err != nil {
			return "", err
		}
	}
	m.say("")
	if err := h.writeRef(r, commit); err != nil {
		return "", fmt.Errorf("record the revision: %w", err)
	}
	return commit, nil
}

// data describes a file that is in the cache.
func (h *Hub) data(r Ref, commit string) Data {
	dir := h.snapshot(r.Repo, commit)
	return Data{
		Path: filepath.Join(dir, filepath.FromSlash(r.File)), Commit: commit, Home: h.Endpoint + "/" + r.Repo, Licence: licenceOn(filepath.Join(dir, cardFile)),
	}
}

// licenceName is what a licence on a page must look like to be shown.
var licenceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 .+_-]{0,59}$`)

// licenceOn reads the licence from the head of a page: the lines between two of dashes, where a name follows "license:" on the
// same line, or one a line with a dash before it. What is written otherwise is not known.
func licenceOn(page string) string {
	f, err := os.Open(page)
	if err != nil {
		return ""
	}
	defer f.Close()
	var names []string
	inside := false // the list of licences
	lines := bufio.NewScanner(io.LimitReader(f, maxCardBytes))
	for n := 0; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), " \r")
		switch {
		case n == 0 && line == "---":
			continue
		case n == 0, line == "---":
			return strings.Join(names, ", ")
		}
		value, is := strings.CutPrefix(line, "license:")
		if item, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); inside && ok {
			value, is = item, true
		} else {
			inside = is
		}
		if value = strings.Trim(strings.TrimSpace(value), `"'`); is && licenceName.MatchString(value) {
			names = append(names, value)
		}
	}
	return "" // a head without an end is none
}
