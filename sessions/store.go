// Package sessions keeps what was thought: runs, branches and every token, in one SQLite file that survives
// a kill -9, a second s1 on the same file, and a full disk. It knows the shared vocabulary (engine/trace) and nothing
// of engines or screens.
//
//	trace.Log -> Recorder (one goroutine, a transaction every quarter second) -> Store (SQLite, WAL)
//	Store -> List, Load -> screen, commands, Export; Import -> Store
package sessions

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"

	"s1/engine/trace"
)

//go:embed migrations/*.sql
var migrations embed.FS

// busyTimeout is how long a writer waits for another s1 on the same file.
const busyTimeout = 5 * time.Second

// ErrNewer is returned for a database that a newer s1 has written. The file is not touched.
var ErrNewer = errors.New("written by a newer s1")

// ErrNotFound is returned for a run that is not in the store.
var ErrNotFound = errors.New("no such run")

// ErrNoSearch is returned by a program that cannot search, whatever the file.
var ErrNoSearch = errors.New("this s1 was built without full-text search; build it with make, or with -tags sqlite_fts5")

// Store is one SQLite file. It is safe for concurrent use, also by several processes.
type Store struct {
	db   *sql.DB
	path string
	same trace.Same // whether an answer is the right one
}

// Open opens the file at path, making it and its folder when absent, and brings it to this version's schema.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open sessions %s: %w", path, err)
	}
	if err := checkVersion(ctx, path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite3", dsn(path, "_journal_mode=WAL&_foreign_keys=on&_synchronous=NORMAL&_txlock=immediate&_busy_timeout="+
		strconv.FormatInt(busyTimeout.Milliseconds(), 10)))
	if err != nil {
		return nil, fmt.Errorf("open sessions %s: %w", path, err)
	}
	s := &Store{db: db, path: path}
	if err := s.checkSearch(ctx); err != nil {
		db.Close()
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

// checkVersion looks at an existing file without changing it: setting the journal mode of a newer file would already be a change.
func checkVersion(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil // absent or empty: ours to make
	}
	db, err := sql.Open("sqlite3", dsn(path, "mode=ro&_query_only=on&_busy_timeout="+strconv.FormatInt(busyTimeout.Milliseconds(), 10)))
	if err != nil {
		return fmt.Errorf("open sessions %s: %w", path, err)
	}
	defer db.Close()
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("open sessions %s: %w", path, err)
	}
	all := migrationFiles()
	if want := all[len(all)-1].number; have > want {
		return fmt.Errorf("open sessions %s: version %d, this s1 knows up to %d: %w", path, have, want, ErrNewer)
	}
	return nil
}

func dsn(path, query string) string {
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query}).String()
}

// migration is one file of SQL. Its number is in its name: a file that joins later between two others is still applied.
type migration struct {
	number int
	name   string
}

func migrationFiles() []migration {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		panic("sessions: no embedded migrations")
	}
	var all []migration
	for _, name := range names {
		digits, _, _ := strings.Cut(filepath.Base(name), "_")
		n, err := strconv.Atoi(digits)
		if err != nil {
			panic("sessions: migration " + name + " has no number")
		}
		all = append(all, migration{n, name})
	}
	slices.SortFunc(all, func(a, b migration) int { return a.number - b.number })
	return all
}

// migrate runs the files not yet applied, each in a transaction of its own. PRAGMA user_version is the highest number
// applied, which other versions of s1 look at; the table applied knows each.
func (s *Store) migrate(ctx context.Context) error {
	for _, m := range migrationFiles() {
		text, err := migrations.ReadFile(m.name)
		if err != nil {
			return err
		}
		err = s.write(ctx, func(tx *sql.Tx) error {
			done, have, err := applied(ctx, tx, m.number)
			if err != nil || done { // before, perhaps just now by another s1
				return err
			}
			if _, err := tx.ExecContext(ctx, string(text)); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO applied VALUES (?)`, m.number); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", max(have, m.number)))
			return err
		})
		if err != nil {
			return fmt.Errorf("open sessions %s: migration %s: %w", s.path, filepath.Base(m.name), err)
		}
	}
	return nil
}

// applied says whether a migration has been applied, and the file's version. Files of version 1 did not list them.
func applied(ctx context.Context, tx *sql.Tx, number int) (done bool, version int, err error) {
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false, 0, err
	}
	var listed bool
	if err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM sqlite_schema WHERE name = 'applied'`).Scan(&listed); err != nil {
		return false, 0, err
	}
	if !listed {
		if _, err := tx.ExecContext(ctx, `CREATE TABLE applied (number INTEGER PRIMARY KEY) STRICT`); err != nil {
			return false, 0, err
		}
		for n := 1; n <= version; n++ {
			if _, err := tx.ExecContext(ctx, `INSERT INTO applied VALUES (?)`, n); err != nil {
				return false, 0, err
			}
		}
	}
	err = tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM applied WHERE number = ?`, number).Scan(&done)
	return done, version, err
}

// checkSearch says in one sentence what is missing from a program that was built without full-text search.
func (s *Store) checkSearch(ctx context.Context) error {
	var there bool
	if err := s.db.QueryRowContext(ctx, `SELECT sqlite_compileoption_used('ENABLE_FTS5')`).Scan(&there); err != nil {
		return fmt.Errorf("open sessions %s: %w", s.path, err)
	}
	if !there {
		return fmt.Errorf("open sessions %s: %w", s.path, ErrNoSearch)
	}
	return nil
}

// write runs f in one immediate transaction.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// querier reads: a database, a transaction, or a connection.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// view runs f on one state of the file. Unlike a transaction of this database's default kind it takes no write lock: it
// waits for no writer and no writer waits for it.
func (s *Store) view(ctx context.Context, f func(querier) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN DEFERRED"); err != nil {
		return err
	}
	err = f(conn)
	_, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return errors.Join(err, end)
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Judging makes same decide whether an answer is the right one; before it that is decided to the character. It is called before
// anything else.
func (s *Store) Judging(same trace.Same) { s.same = same }

// Path is the file's path.
func (s *Store) Path() string { return s.path }

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }
