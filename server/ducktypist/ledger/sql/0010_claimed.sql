-- How the claims of each explanation stood beside what is known of the code.
--
-- The first three counts are of the first answers, the last two of what is shown in the end.
CREATE TABLE claimed (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    n_confirmed INTEGER NOT NULL,
    n_contradicted INTEGER NOT NULL,
    n_unconfirmed INTEGER NOT NULL,
    n_asked_again INTEGER NOT NULL,
    n_struck INTEGER NOT NULL,
    n_shown_confirmed INTEGER NOT NULL,
    n_shown_unconfirmed INTEGER NOT NULL
) STRICT;

CREATE INDEX claimed_of ON claimed (suggestion_id);

CREATE TRIGGER claimed_refuses_update BEFORE UPDATE ON claimed
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER claimed_refuses_delete BEFORE DELETE ON claimed
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
