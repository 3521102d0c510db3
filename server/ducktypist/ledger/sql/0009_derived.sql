-- Three views kept as tables, so that a large ledger is read quickly. SQLite only.
--
-- They are no source of truth: `derived` makes their rows from the views of the same content, and can
-- do so again at any time. They may be changed and emptied, unlike the events.
CREATE TABLE suggestion_row AS SELECT * FROM suggestion WHERE 0;
CREATE UNIQUE INDEX suggestion_row_of ON suggestion_row (suggestion_id);
CREATE INDEX suggestion_row_at ON suggestion_row (at_utc);
CREATE INDEX suggestion_row_day ON suggestion_row (day_utc);
CREATE INDEX suggestion_row_task ON suggestion_row (task_hash)
WHERE task_hash <> '' AND label <> 'unverified';

CREATE TABLE label_row AS SELECT * FROM label_history WHERE 0;
CREATE INDEX label_row_of ON label_row (suggestion_id, place);

CREATE TABLE tally_row AS SELECT * FROM tally WHERE 0;
CREATE INDEX tally_row_day ON tally_row (day_utc);

-- Up to which `seq` of each table of events these tables know everything.
CREATE TABLE derived_mark (
    name TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
