-- Sampling parameters that the user changed while a branch ran: without them its tokens cannot be drawn again.
CREATE TABLE resampled (
  run      TEXT NOT NULL,
  branch   TEXT NOT NULL,
  seq      INTEGER NOT NULL,
  at       INTEGER NOT NULL,                   -- the first token they held for
  sampling TEXT NOT NULL,                      -- JSON
  PRIMARY KEY (run, branch, seq),
  FOREIGN KEY (run, branch) REFERENCES branches (run, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
