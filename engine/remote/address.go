package remote

import (
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Address names a model of a server: http://host:port/v1#name.
type Address struct {
	Base string // http://host:port/v1, without a slash at the end
	Name string // "" = the only model of the server
	host string // host:port
}

// Is says whether a MODEL word names a server.
func Is(word string) bool {
	lower := strings.ToLower(word)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

// Parse reads a MODEL word. Keys do not belong into it: it is stored with every run.
func Parse(word string) (Address, error) {
	u, err := url.Parse(word)
	switch {
	case err != nil:
		return Address{}, fmt.Errorf("server address: it cannot be read as http://host:port/v1#name") // the error would quote what may be a secret
	case u.User != nil:
		return Address{}, fmt.Errorf("server address of %s: a user or a key does not belong into it; set S1_API_KEY", u.Host)
	case u.Scheme != "http" && u.Scheme != "https":
		return Address{}, fmt.Errorf("server address: scheme %q; http or https", u.Scheme)
	case u.Hostname() == "":
		return Address{}, fmt.Errorf("server address %q has no host; write http://host:port/v1#name", word)
	case u.RawQuery != "":
		return Address{}, fmt.Errorf("server address of %s: it has a query (?...); write http://host:port/v1#name", u.Host)
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if path == "" {
		path = "/v1"
	}
	return Address{Base: u.Scheme + "://" + u.Host + path, Name: u.Fragment, host: u.Host}, nil
}

// Word is the address as it is written in a MODEL.
func (a Address) Word() string {
	if a.Name == "" {
		return a.Base
	}
	return a.Base + "#" + a.Name
}

// root is the server without the /v1 of its OpenAI-compatible routes.
func (a Address) root() string { return strings.TrimSuffix(a.Base, "/v1") }

// KeyFor finds the key for a server in the environment: S1_API_KEY_HOST_PORT (letters and digits, the rest as _), then
// S1_API_KEY, then OPENAI_API_KEY. "" = none.
func KeyFor(a Address) string {
	own := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, a.host)
	for _, name := range []string{"S1_API_KEY_" + own, "S1_API_KEY", "OPENAI_API_KEY"} {
		if key := strings.TrimSpace(os.Getenv(name)); key != "" {
			return key
		}
	}
	return ""
}

// Host is host:port.
func (a Address) Host() string { return a.host }
