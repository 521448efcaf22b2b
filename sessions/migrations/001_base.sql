-- Runs, their branches, and every token of every branch. Only ever added to: later changes are later files.
CREATE TABLE runs (
  id              TEXT PRIMARY KEY,
  created         INTEGER NOT NULL,            -- microseconds since 1970
  model           TEXT NOT NULL,
  model_sha256    TEXT NOT NULL,
  template_sha256 TEXT NOT NULL,
  think_format    TEXT NOT NULL,
  backend         TEXT NOT NULL,
  system          TEXT NOT NULL,
  prompt          TEXT NOT NULL,
  rendered        TEXT NOT NULL,
  prompt_ids      BLOB NOT NULL                -- int32, little endian
) STRICT;
CREATE INDEX runs_created ON runs (created);

CREATE TABLE branches (
  run      TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  id       TEXT NOT NULL,
  parent   TEXT NOT NULL,                      -- '' at a root
  at       INTEGER NOT NULL,                   -- tokens shared with the parent
  cause    TEXT NOT NULL,
  note     TEXT NOT NULL,
  budget   TEXT NOT NULL,                      -- JSON
  sampling TEXT NOT NULL,                      -- JSON
  created  INTEGER NOT NULL,
  receipt  TEXT,                               -- JSON; NULL while it runs, or when it was cut by a crash
  error    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
  run      TEXT NOT NULL,
  branch   TEXT NOT NULL,
  idx      INTEGER NOT NULL,
  id       INTEGER NOT NULL,
  bytes    BLOB NOT NULL,
  text     TEXT,                               -- NULL when it equals bytes
  phase    INTEGER NOT NULL,
  origin   INTEGER NOT NULL,
  flags    INTEGER NOT NULL,                   -- 1 counted, 2 wished
  logprob  REAL,                               -- NULL when unknown
  entropy  REAL,
  end_prob REAL,
  end_rank INTEGER NOT NULL,
  top      BLOB NOT NULL,                      -- (int32 id, float32 logprob) pairs, little endian
  time     INTEGER NOT NULL,                   -- microseconds since the branch started
  PRIMARY KEY (run, branch, idx),
  FOREIGN KEY (run, branch) REFERENCES branches (run, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE notices (
  run    TEXT NOT NULL,
  branch TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  at     INTEGER NOT NULL,                     -- tokens of the branch when it was said
  text   TEXT NOT NULL,
  PRIMARY KEY (run, branch, seq),
  FOREIGN KEY (run, branch) REFERENCES branches (run, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
