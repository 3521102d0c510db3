-- What happens to code after a suggestion was taken, whose project and task it was, and how likely it
-- was foretold to be right. The views over it are made in 0007.
ALTER TABLE requested ADD COLUMN project_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE requested ADD COLUMN path TEXT NOT NULL DEFAULT '';
ALTER TABLE requested ADD COLUMN task_hash TEXT NOT NULL DEFAULT '';

-- Tokens of the chosen answer alone; `completion_tokens` counts those of all answers of a search.
ALTER TABLE generated ADD COLUMN answer_tokens INTEGER;
ALTER TABLE generated ADD COLUMN n_compared INTEGER;
ALTER TABLE generated ADD COLUMN p_low REAL;
ALTER TABLE generated ADD COLUMN p_high REAL;
ALTER TABLE generated ADD COLUMN n_like INTEGER;
ALTER TABLE generated ADD COLUMN has_tell INTEGER;

ALTER TABLE verified ADD COLUMN p_low REAL;
ALTER TABLE verified ADD COLUMN p_high REAL;
ALTER TABLE verified ADD COLUMN n_like INTEGER;
ALTER TABLE verified ADD COLUMN has_tell INTEGER;
ALTER TABLE verified ADD COLUMN run_id TEXT NOT NULL DEFAULT '';

CREATE TABLE placed (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    project_hash TEXT NOT NULL,
    path TEXT NOT NULL,
    block_hash TEXT NOT NULL,
    is_body INTEGER NOT NULL,
    n_tokens INTEGER NOT NULL,
    fingerprint TEXT NOT NULL
) STRICT;

CREATE INDEX placed_of ON placed (suggestion_id);

CREATE TABLE sighted (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    path TEXT NOT NULL,
    how TEXT NOT NULL,
    edit_ratio REAL NOT NULL,
    block_hash TEXT NOT NULL,
    commit_hash TEXT NOT NULL,
    as_made INTEGER NOT NULL
) STRICT;

CREATE INDEX sighted_of ON sighted (suggestion_id, seq);
CREATE INDEX sighted_in ON sighted (block_hash) WHERE block_hash <> '';

CREATE TABLE test_run (
    seq INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    at_utc TEXT NOT NULL,
    project_hash TEXT NOT NULL,
    source TEXT NOT NULL,
    ran_utc TEXT NOT NULL,
    environment_hash TEXT NOT NULL,
    commit_hash TEXT NOT NULL,
    n_passed INTEGER NOT NULL,
    n_failed INTEGER NOT NULL,
    n_skipped INTEGER NOT NULL
) STRICT;

CREATE TABLE test_seen (
    seq INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    test_hash TEXT NOT NULL,
    block_hash TEXT NOT NULL,
    passed INTEGER NOT NULL,
    is_direct INTEGER,
    test_block_hash TEXT NOT NULL,
    rest_hash TEXT NOT NULL,
    duration_ms REAL
) STRICT;

CREATE INDEX test_seen_of ON test_seen (run_id);
CREATE INDEX test_seen_in ON test_seen (block_hash);
CREATE INDEX test_seen_test ON test_seen (test_hash);

CREATE TRIGGER placed_refuses_update BEFORE UPDATE ON placed
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER placed_refuses_delete BEFORE DELETE ON placed
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER sighted_refuses_update BEFORE UPDATE ON sighted
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER sighted_refuses_delete BEFORE DELETE ON sighted
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER test_run_refuses_update BEFORE UPDATE ON test_run
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER test_run_refuses_delete BEFORE DELETE ON test_run
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER test_seen_refuses_update BEFORE UPDATE ON test_seen
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER test_seen_refuses_delete BEFORE DELETE ON test_seen
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- INSERT OR REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER test_run_refuses_replace BEFORE INSERT ON test_run
WHEN EXISTS (SELECT 1 FROM test_run WHERE run_id = NEW.run_id)
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
