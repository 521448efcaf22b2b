package llm

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"s1/engine/remote"
)

// Failed is a request that came to nothing, with its cause: limited, server, transport, refused, key, unreadable, down, cap, books.
type Failed struct {
	Cause string
	Tries int
	Err   error
}

func (f *Failed) Error() string { return fmt.Sprintf("%s after %d tries: %v", f.Cause, f.Tries, f.Err) }

func (f *Failed) Unwrap() error { return f.Err }

// Every says that the cause lies in no single request: all others would come to nothing too.
func (f *Failed) Every() bool {
	return f.Cause == causeKey || f.Cause == causeBooks || f.Cause == "down" || f.Cause == "cap"
}

const (
	causeLimited   = "limited"
	causeServer    = "server"
	causeTransport = "transport"
	causeRefused   = "refused" // this request: another one may go well
	causeKey       = "key"     // every request
	causeBooks     = "books"   // what is spent or answered cannot be written, or not be bounded: every request
)

// classify says which budget a failure takes from, and how long the server wants to be left alone.
func classify(err error) (cause string, after time.Duration) {
	var f *remote.Failure
	switch {
	case err == nil:
		return "", 0
	case !errors.As(err, &f):
		return causeRefused, 0
	case f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden:
		return causeKey, 0
	case f.Status != 0 && !f.Again(): // also a server that wants to be left alone for too long
		return causeRefused, 0
	case f.Status == http.StatusTooManyRequests:
		return causeLimited, f.After()
	case f.Status != 0:
		return causeServer, f.After()
	}
	return causeTransport, 0
}

// unbilled: the server refused with a status, so no answer began. Anything else may have been paid for, and counts in full.
func unbilled(err error) bool { return remote.Unbilled(err) }
