-- Every candidate of a search, not only the one that was shown, and what each source is worth.
--
-- `source`, `outcome` and `stage` are words of domain.py. `form_hash` and `function_hash` are keyed:
-- two alike patches have the same one, and nobody reads the patch out of it.
CREATE TABLE tried (
    seq INTEGER PRIMARY KEY,
    suggestion_id TEXT NOT NULL,
    at_utc TEXT NOT NULL,
    position INTEGER NOT NULL,
    source TEXT NOT NULL,
    form_hash TEXT NOT NULL,
    function_hash TEXT NOT NULL,
    outcome TEXT NOT NULL,
    stage TEXT NOT NULL,
    verify_ms REAL NOT NULL,
    completion_tokens INTEGER NOT NULL,
    generation_ms REAL NOT NULL,
    mean_logprob REAL,
    n_changed_chars INTEGER NOT NULL,
    suspicion REAL NOT NULL,
    cluster INTEGER,
    chosen INTEGER NOT NULL
) STRICT;

CREATE INDEX tried_of ON tried (
    suggestion_id, source, outcome, chosen, completion_tokens, generation_ms, verify_ms
);

CREATE TRIGGER tried_refuses_update BEFORE UPDATE ON tried
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER tried_refuses_delete BEFORE DELETE ON tried
BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

-- One source within one search. A search whose `requested` event is missing has no model to be
-- counted under and is left out. Outcomes that say nothing of a candidate are counted apart.
CREATE VIEW source_search AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    substr(r.at_utc, 1, 10) AS day_utc,
    r.suggestion_id,
    t.source,
    sum(t.outcome NOT IN ('sandbox_error', 'stale', 'not_run')) AS n_tried,
    sum(t.outcome IN ('sandbox_error', 'stale', 'not_run')) AS n_void,
    sum(t.outcome = 'plausible') AS n_plausible,
    max(t.chosen) AS chosen,
    max(t.chosen) AND EXISTS (
        SELECT 1 FROM lifecycle AS l
        WHERE l.suggestion_id = r.suggestion_id AND l.event = 'accepted'
    ) AS accepted,
    sum(t.completion_tokens) AS completion_tokens,
    total(t.generation_ms) AS generation_ms,
    total(t.verify_ms) AS verify_ms
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN tried AS t ON t.suggestion_id = r.suggestion_id
GROUP BY r.suggestion_id, t.source;

-- Model × quantisation × kind × language × source, one row a UTC day, so that days can be added up.
-- `n_suggestions`: searches in which something was learned of a candidate of this source.
CREATE VIEW source_result AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    source,
    day_utc,
    sum(n_tried) AS n_tried,
    sum(n_void) AS n_void,
    sum(n_plausible) AS n_plausible,
    sum(n_tried > 0) AS n_suggestions,
    sum(n_plausible > 0) AS n_suggestions_plausible,
    sum(chosen) AS n_chosen,
    sum(accepted) AS n_accepted,
    sum(completion_tokens) AS completion_tokens,
    total(generation_ms) AS generation_ms,
    total(verify_ms) AS verify_ms
FROM source_search
GROUP BY model, model_sha256, quantisation, kind, language, source, day_utc;

-- The times of each candidate of which something was learned, for the percentiles. What no model
-- made took no generating, and that is no measured time.
CREATE VIEW tried_time AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    t.source,
    substr(r.at_utc, 1, 10) AS day_utc,
    iif(t.completion_tokens > 0, nullif(t.generation_ms, 0), NULL) AS generation_ms,
    nullif(t.verify_ms, 0) AS verify_ms
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN tried AS t ON t.suggestion_id = r.suggestion_id
WHERE t.outcome NOT IN ('sandbox_error', 'stale', 'not_run');
