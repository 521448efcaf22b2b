-- The library: one narrow row a run for lists and filters, the texts of branches for searching, and what people add to runs.
ALTER TABLE branches ADD COLUMN tokens  INTEGER NOT NULL DEFAULT 0;  -- own tokens, those after at
ALTER TABLE branches ADD COLUMN answer  TEXT    NOT NULL DEFAULT ''; -- of the whole path, once the branch has ended
ALTER TABLE branches ADD COLUMN verdict TEXT    NOT NULL DEFAULT ''; -- right, wrong
ALTER TABLE branches ADD COLUMN binned  INTEGER NOT NULL DEFAULT 0;  -- microseconds since 1970 when it went to the bin, 0 = it is not there

CREATE TABLE library (
  run      TEXT PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  created  INTEGER NOT NULL,
  model    TEXT NOT NULL,
  question TEXT NOT NULL,
  expected TEXT NOT NULL DEFAULT '',
  title    TEXT NOT NULL DEFAULT '',
  branches INTEGER NOT NULL DEFAULT 0,         -- not binned; so are all that follow
  tokens   INTEGER NOT NULL DEFAULT 0,
  answer   TEXT NOT NULL DEFAULT '',           -- of the latest branch; so are closed, ended and verdict
  closed   TEXT NOT NULL DEFAULT '',
  ended    INTEGER NOT NULL DEFAULT 0,
  verdict  TEXT NOT NULL DEFAULT '',
  binned   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- Everything that filters look at, so that a filter which finds little reads this and not the texts.
CREATE INDEX library_newest ON library (binned, created DESC, run DESC, model, ended, closed, verdict);
INSERT INTO library (run, created, model, question) SELECT id, created, model, prompt FROM runs;

CREATE TABLE tags (
  run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  branch TEXT NOT NULL,                        -- '' = the run
  tag    TEXT NOT NULL,
  PRIMARY KEY (run, branch, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag, run);

CREATE TABLE notes (
  run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  branch TEXT NOT NULL,                        -- '' = the run
  idx    INTEGER NOT NULL,                     -- token of the branch's path, -1 = the branch or run as a whole
  text   TEXT NOT NULL,
  PRIMARY KEY (run, branch, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE bookmarks (
  run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  branch TEXT NOT NULL,
  idx    INTEGER NOT NULL,
  PRIMARY KEY (run, branch, idx)
) STRICT, WITHOUT ROWID;

-- The texts of a branch, in texts under the same number. The number grows with the run's time, so that reading it
-- downwards is newest first: microseconds since 1970 times 1024, plus a number within the run.
CREATE TABLE docs (
  key    INTEGER PRIMARY KEY,
  run    TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  branch TEXT NOT NULL,
  UNIQUE (run, branch)
) STRICT;
CREATE VIRTUAL TABLE texts USING fts5 (question, thought, answer, notes, tokenize = 'unicode61 remove_diacritics 2', prefix = '3');
CREATE TRIGGER docs_gone AFTER DELETE ON docs BEGIN DELETE FROM texts WHERE rowid = old.key; END;

-- Branches whose texts and columns above are not up to date: those of files from before, and those that still grow.
CREATE TABLE pending (
  run     TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  branch  TEXT NOT NULL,
  created INTEGER NOT NULL,
  old     INTEGER NOT NULL,                    -- 1: from before this file, its tokens are not counted yet
  PRIMARY KEY (run, branch)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_created ON pending (created);
CREATE INDEX pending_old ON pending (run) WHERE old = 1;
INSERT INTO pending SELECT run, id, created, 1 FROM branches;
