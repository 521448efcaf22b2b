// Package hub turns the MODEL word of a command into a local path: a folder, a GGUF file, org/name[@revision][:file] in the
// Hugging Face cache that Python shares, or the alias smollm2. It also fetches, lists, describes and removes them.
//
// It knows names, the cache's layout and the hub's HTTP routes; what is inside a model file is engine/weights' business.
// Only Pull touches the network. Whatever a server sends (names, sizes, tags) is checked before it names or fills a file.
//
//	word -> parse -> local? -> path
//	                 Pull   -> listing -> HEAD each file -> blobs/<etag> (resumed, hashed) -> snapshots/<commit>/<file> -> refs/<revision>
//
// It is our own because gomlx/go-huggingface v0.3.1 starts a broken download again from nothing, checks no hash and has no
// offline mode.
package hub

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"s1/engine/bounded"
)

// Hub holds where models come from and where they are kept. FromEnv fills it; tests make their own.
type Hub struct {
	Endpoint string // https://huggingface.co
	Cache    string // the folder of models--org--name folders
	Models   string // our own folder, for what is not in a hub: smollm2
	Token    string
	Offline  bool
	Client   *http.Client // without its own redirect policy

	// Retries are how often a broken download is taken up again without any progress; Pause is the first wait between two.
	Retries int
	Pause   time.Duration
	Stall   time.Duration // a transfer without a byte for this long is broken
}

const (
	defaultEndpoint = "https://huggingface.co"
	defaultRetries  = 5
	defaultPause    = time.Second
	defaultStall    = time.Minute
	headerTimeout   = 30 * time.Second
	maxTokenBytes   = 4096
)

// FromEnv reads HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE and XDG_CACHE_HOME as huggingface_hub does.
func FromEnv() *Hub {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), "s1-cache")
	}
	hfCache := os.Getenv("XDG_CACHE_HOME")
	if hfCache == "" { // Python uses ~/.cache on every system
		if home, err := os.UserHomeDir(); err == nil {
			hfCache = filepath.Join(home, ".cache")
		} else {
			hfCache = cache
		}
	}
	home := expand(first(os.Getenv("HF_HOME"), filepath.Join(hfCache, "huggingface")))
	h := &Hub{
		Endpoint: strings.TrimRight(first(os.Getenv("HF_ENDPOINT"), defaultEndpoint), "/"),
		Cache:    expand(first(os.Getenv("HF_HUB_CACHE"), os.Getenv("HUGGINGFACE_HUB_CACHE"), filepath.Join(home, "hub"))),
		Models:   filepath.Join(cache, "s1", "models"),
		Token:    strings.TrimSpace(first(os.Getenv("HF_TOKEN"), os.Getenv("HUGGING_FACE_HUB_TOKEN"))),
		Offline:  isTrue(first(os.Getenv("HF_HUB_OFFLINE"), os.Getenv("TRANSFORMERS_OFFLINE"))),
		Retries:  defaultRetries, Pause: defaultPause, Stall: defaultStall,
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = headerTimeout
	h.Client = &http.Client{Transport: transport}
	if h.Token == "" { // as `hf auth login` leaves it
		path := expand(first(os.Getenv("HF_TOKEN_PATH"), filepath.Join(home, "token")))
		if b, err := bounded.File(path, maxTokenBytes); err == nil {
			h.Token = strings.TrimSpace(string(b))
		}
	}
	return h
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func isTrue(v string) bool {
	switch strings.ToUpper(v) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// expand resolves ~ and $NAME in a path from the environment.
func expand(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// Progress is how far a Pull is. Done and Total count bytes over all files of the pull.
type Progress struct {
	File    string // what is being fetched now
	Done    int64
	Total   int64  // 0 = not known
	Message string // one sentence worth showing: a retry, a wait for another process; else ""
}

// Resolve finds a model that is on this machine. Its error says which command fetches one that is not.
func Resolve(ctx context.Context, word string) (string, error) { return FromEnv().Resolve(ctx, word) }

// Pull fetches a model unless it is here already, and returns its path. progress may be nil.
func Pull(ctx context.Context, word string, progress func(Progress)) (string, error) {
	return FromEnv().Pull(ctx, word, progress)
}

// List names the models that are on this machine and could be opened.
func List() ([]Entry, error) { return FromEnv().List() }

// Remove deletes what Pull fetched: a repository, one of its revisions or files, or an alias.
func Remove(word string) error { return FromEnv().Remove(word) }
