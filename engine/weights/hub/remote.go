package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxListingBytes = 64 << 20
	maxListingFiles = 100_000
	maxRedirects    = 10
	maxFileBytes    = 1 << 42
)

// etagName is what an entity tag must look like to name a blob.
var etagName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// remoteFile is a file of a repository as the server describes it.
type remoteFile struct {
	name string
	etag string // names the blob; 64 hex digits are the content's sha256, 40 git's or plain sha1
	size int64
}

// listing asks which commit a revision is and which files it has.
func (h *Hub) listing(ctx context.Context, r Ref) (commit string, files []string, err error) {
	route := r.Repo
	if !isData(r.Repo) {
		route = "models/" + r.Repo
	}
	u := fmt.Sprintf("%s/api/%s/revision/%s", h.Endpoint, route, url.PathEscape(r.Revision))
	resp, err := h.send(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", nil, err
	}
	defer resp.Body.Close()
	if err := h.refusal(resp, r); err != nil {
		return "", nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxListingBytes+1))
	if err != nil {
		return "", nil, fmt.Errorf("read the list of files of %s: %w", r.Repo, err)
	}
	var answer struct {
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	if len(body) > maxListingBytes {
		return "", nil, fmt.Errorf("%s lists more than %d bytes of file names for %s", h.Endpoint, maxListingBytes, r.Repo)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", nil, fmt.Errorf("%s answers for %s with something that is no list of files: %w", h.Endpoint, r.Repo, err)
	}
	if !commitName.MatchString(answer.SHA) {
		return "", nil, fmt.Errorf("%s gives %q as the commit of %s, which is none", h.Endpoint, answer.SHA, r)
	}
	if len(answer.Siblings) > maxListingFiles {
		return "", nil, fmt.Errorf("%s lists %d files for %s, more than %d", h.Endpoint, len(answer.Siblings), r.Repo, maxListingFiles)
	}
	for _, s := range answer.Siblings {
		if !filepath.IsLocal(s.Name) {
			return "", nil, fmt.Errorf("%s lists a file named %q for %s; nothing was fetched", h.Endpoint, s.Name, r.Repo)
		}
		if safePath(s.Name) { // a name that is merely odd is not one of a model's
			files = append(files, s.Name)
		}
	}
	return answer.SHA, files, nil
}

func (h *Hub) fileURL(repo, commit, name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return fmt.Sprintf("%s/%s/resolve/%s/%s", h.Endpoint, repo, commit, strings.Join(parts, "/"))
}

// head asks for a file's tag and size. The redirect to the store that holds a large file is not followed: its answer would
// hide the hub's own.
func (h *Hub) head(ctx context.Context, r Ref, commit, name string) (remoteFile, error) {
	f := remoteFile{name: name}
	resp, err := h.send(ctx, http.MethodHead, h.fileURL(r.Repo, commit, name), nil)
	if err != nil {
		return f, err
	}
	resp.Body.Close()
	if resp.StatusCode < 300 || resp.StatusCode > 399 {
		if err := h.refusal(resp, Ref{Repo: r.Repo, Revision: r.Revision, File: name}); err != nil {
			return f, err
		}
	}
	if c := resp.Header.Get("X-Repo-Commit"); c != "" && c != commit {
		return f, fmt.Errorf("%s answers for commit %q of %s, %s was asked for", h.Endpoint, c, r.Repo, commit)
	}
	f.etag = first(resp.Header.Get("X-Linked-Etag"), resp.Header.Get("ETag"))
	f.etag = strings.Trim(strings.TrimPrefix(f.etag, "W/"), `"`)
	if !etagName.MatchString(f.etag) || strings.HasSuffix(f.etag, partSuffix) {
		return f, fmt.Errorf("%s gives %s the tag %q, which cannot name a file", h.Endpoint, name, f.etag)
	}
	f.size = resp.ContentLength
	if s := resp.Header.Get("X-Linked-Size"); s != "" {
		if f.size, err = strconv.ParseInt(s, 10, 64); err != nil {
			f.size = -1
		}
	} else if resp.StatusCode >= 300 {
		f.size = -1 // the length of the redirect's own page
	}
	if f.size < 0 || f.size > maxFileBytes {
		return f, fmt.Errorf("%s does not say how large %s is", h.Endpoint, name)
	}
	return f, nil
}

// send makes one request. The token goes to the endpoint's own host only, and a redirect from https to http is refused.
func (h *Hub) send(ctx context.Context, method, address string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, address, err)
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", "s1")
	req.Header.Set("Accept-Encoding", "identity") // sizes and ranges are of the file itself
	if h.Token != "" {
		req.Header.Set("Authorization", "Bearer "+h.Token)
	}
	client := *h.Client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		from := via[0].URL
		switch {
		case len(via) > maxRedirects:
			return fmt.Errorf("more than %d redirects", maxRedirects)
		case from.Scheme == "https" && next.URL.Scheme != "https":
			return fmt.Errorf("redirected from https to %s://%s", next.URL.Scheme, next.URL.Host)
		case from.Host != next.URL.Host && method == http.MethodHead:
			return http.ErrUseLastResponse
		case from.Host != next.URL.Host:
			next.Header.Del("Authorization")
		}
		return nil
	}
	resp, err := client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unreachable(h.Endpoint, err)
	}
	return resp, nil
}

// errUnreachable marks failures of the network, after which a cached model will do.
var errUnreachable = errors.New("cannot be reached")

func unreachable(endpoint string, err error) error {
	var ue *url.Error
	if errors.As(err, &ue) { // its text repeats a long signed address
		err = ue.Err
	}
	return fmt.Errorf("%s %w: %w", endpoint, errUnreachable, err)
}

// refusal turns a status into a sentence that says what to do, or nil when it is none.
func (h *Hub) refusal(resp *http.Response, r Ref) error {
	code := resp.Header.Get("X-Error-Code")
	page := h.Endpoint + "/" + r.Repo
	have := "set HF_TOKEN to a token of an account that may read it"
	if h.Token != "" {
		have = "the HF_TOKEN in use does not open it"
	}
	switch status := resp.StatusCode; {
	case status == http.StatusOK || status == http.StatusPartialContent:
		return nil
	case code == "GatedRepo":
		return fmt.Errorf("%s is gated: accept its conditions at %s, then %s", r.Repo, page, have)
	case code == "RevisionNotFound":
		return fmt.Errorf("%s has no revision %q", r.Repo, r.Revision)
	case code == "EntryNotFound":
		return fmt.Errorf("%s has no file %q at revision %s", r.Repo, r.File, r.Revision)
	case code == "RepoNotFound", status == http.StatusUnauthorized:
		return fmt.Errorf("%s does not exist at %s, or it is private (status %d): check the name, or %s", r.Repo, h.Endpoint, status, have)
	case status == http.StatusForbidden:
		return fmt.Errorf("%s may not be read (status 403): %s; see %s", r.Repo, have, page)
	case status == http.StatusNotFound && r.File != "":
		return fmt.Errorf("%s has no file %q at revision %s", r.Repo, r.File, r.Revision)
	case status == http.StatusNotFound:
		return fmt.Errorf("%s at revision %s does not exist at %s", r.Repo, r.Revision, h.Endpoint)
	case status == http.StatusTooManyRequests:
		return fmt.Errorf("%s %w: it asks to slow down (status 429); try again later", h.Endpoint, errUnreachable)
	case status >= 500:
		return fmt.Errorf("%s %w: it answers with status %d; try again later", h.Endpoint, errUnreachable, status)
	default:
		return fmt.Errorf("%s answers with status %d for %s", h.Endpoint, status, r)
	}
}
