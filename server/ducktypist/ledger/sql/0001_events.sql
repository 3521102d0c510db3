-- The events, one typed table per family. Append-only: triggers refuse UPDATE and DELETE.
--
-- This file is history: a change is a new numbered file, never an edit here.
-- `seq` is the order of writing, `at_utc` the wall clock at the time of the event (ISO 8601, ms, Z).
-- Durations come from the monotonic clock of the process that measured them.
-- Flags are 0 or 1. Words (kind, outcome, ...) are the values of the enumerations in domain.py and
-- events.py; they are not checked here, so that an older ledger can hold a newer word.

-- Each model that ever answered, once, with the settings it ran under.
CREATE TABLE model (
    model_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    quantisation TEXT NOT NULL,
    n_ctx_tokens INTEGER NOT NULL,
    has_fim INTEGER NOT NULL,
    backend TEXT NOT NULL,
    n_gpu_layers INTEGER NOT NULL,
    n_threads INTEGER NOT NULL,
    UNIQUE (name, sha256, quantisation, n_ctx_tokens, has_fim, backend, n_gpu_layers, n_threads)
) STRICT;

CREATE TABLE requested (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL UNIQUE,
    at_utc TEXT NOT NULL,
    kind TEXT NOT NULL,
    language TEXT NOT NULL,
    model_id INTEGER NOT NULL REFERENCES model (model_id),
    session_id TEXT NOT NULL,
    template_hash TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,
    path_hash TEXT NOT NULL,
    temperature REAL NOT NULL,
    top_p REAL NOT NULL,
    seed INTEGER NOT NULL,
    prompt_tokens INTEGER,
    truncated INTEGER NOT NULL,
    trusted INTEGER NOT NULL
) STRICT;

CREATE INDEX requested_at ON requested (at_utc);

CREATE TABLE generated (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL UNIQUE,
    at_utc TEXT NOT NULL,
    queue_ms REAL NOT NULL,
    prefill_ms REAL NOT NULL,
    ttft_ms REAL NOT NULL,
    decode_ms REAL NOT NULL,
    total_ms REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    answer TEXT NOT NULL,
    mean_logprob REAL,
    min_logprob REAL,
    lowest5_logprob REAL,
    min_margin REAL,
    n_candidates INTEGER NOT NULL,
    n_agreeing INTEGER,
    static_verdict TEXT NOT NULL,
    p_right REAL,
    calibrator TEXT
) STRICT;

-- shown, superseded, cancelled, dismissed, accepted.
CREATE TABLE lifecycle (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    event TEXT NOT NULL,
    edited_fraction REAL
) STRICT;

CREATE INDEX lifecycle_of ON lifecycle (suggestion_id, event, edited_fraction);

CREATE TABLE verified (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    verifier TEXT NOT NULL,
    tier TEXT NOT NULL,
    outcome TEXT NOT NULL,
    repeat_index INTEGER NOT NULL,
    n_repeats INTEGER NOT NULL,
    exit_status INTEGER,
    n_passed INTEGER,
    n_failed INTEGER,
    duration_ms REAL,
    timed_out INTEGER NOT NULL,
    sandbox_level INTEGER,
    environment_hash TEXT NOT NULL,
    p_right REAL,
    calibrator TEXT
) STRICT;

CREATE INDEX verified_of ON verified (
    suggestion_id, tier, verifier, environment_hash, outcome, timed_out, n_passed, n_failed, n_repeats
);

CREATE TABLE persisted (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    edit_ratio REAL NOT NULL
) STRICT;

CREATE INDEX persisted_of ON persisted (suggestion_id, checkpoint, edit_ratio);

-- settled, revised.
CREATE TABLE conclusion (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    event TEXT NOT NULL,
    label TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL
) STRICT;

CREATE INDEX conclusion_of ON conclusion (suggestion_id, seq);

-- Source text, only where the user asked for it to be kept. Nothing else here holds any.
CREATE TABLE source_text (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    role TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE INDEX source_text_of ON source_text (suggestion_id);

-- Events that could not be written at the time, noted once writing worked again.
CREATE TABLE gap (
    seq INTEGER PRIMARY KEY,
    at_utc TEXT NOT NULL,
    n_unlogged INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

CREATE TRIGGER migration_refuses_update BEFORE UPDATE ON migration
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER migration_refuses_delete BEFORE DELETE ON migration
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER model_refuses_update BEFORE UPDATE ON model
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER model_refuses_delete BEFORE DELETE ON model
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER requested_refuses_update BEFORE UPDATE ON requested
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER requested_refuses_delete BEFORE DELETE ON requested
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER generated_refuses_update BEFORE UPDATE ON generated
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER generated_refuses_delete BEFORE DELETE ON generated
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER lifecycle_refuses_update BEFORE UPDATE ON lifecycle
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER lifecycle_refuses_delete BEFORE DELETE ON lifecycle
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER verified_refuses_update BEFORE UPDATE ON verified
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER verified_refuses_delete BEFORE DELETE ON verified
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER persisted_refuses_update BEFORE UPDATE ON persisted
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER persisted_refuses_delete BEFORE DELETE ON persisted
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER conclusion_refuses_update BEFORE UPDATE ON conclusion
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER conclusion_refuses_delete BEFORE DELETE ON conclusion
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER source_text_refuses_update BEFORE UPDATE ON source_text
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER source_text_refuses_delete BEFORE DELETE ON source_text
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER gap_refuses_update BEFORE UPDATE ON gap
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER gap_refuses_delete BEFORE DELETE ON gap
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- INSERT OR REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER requested_refuses_replace BEFORE INSERT ON requested
WHEN EXISTS (SELECT 1 FROM requested WHERE suggestion_id = NEW.suggestion_id)
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- INSERT OR REPLACE would delete the old row without asking the trigger above.
CREATE TRIGGER generated_refuses_replace BEFORE INSERT ON generated
WHEN EXISTS (SELECT 1 FROM generated WHERE suggestion_id = NEW.suggestion_id)
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
