-- What is counted over suggestions: the views from which every displayed number comes, second half.
--
-- Portable like 0007. Everything here reads `suggestion` or the candidates of searches; where speed
-- matters, `derived` puts tables in place of `suggestion`, `label_history` and `tally`.
--
-- Verified is right + wrong + flaky; right % is right / verified; coverage is verified / answered.
-- Counts have one row a UTC day and workspace folder, so that these can be added up.

DROP VIEW IF EXISTS cell;
DROP VIEW IF EXISTS acceptance;
DROP VIEW IF EXISTS persistence;
DROP VIEW IF EXISTS day;
DROP VIEW IF EXISTS tally;
DROP VIEW IF EXISTS suggestion_time;
DROP VIEW IF EXISTS flip;
DROP VIEW IF EXISTS flip_case;
DROP VIEW IF EXISTS task_outcome;
DROP VIEW IF EXISTS forecast;
DROP VIEW IF EXISTS tell_case;
DROP VIEW IF EXISTS source_result;
DROP VIEW IF EXISTS source_search;
DROP VIEW IF EXISTS tried_time;
DROP VIEW IF EXISTS gap_total;

-- Everything that is counted of model × quantisation × kind × language; the views after it show parts
-- of it. "Still in" means that of what was accepted at most half was changed (edit ratio ≤ 0.5).
CREATE VIEW tally AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    project_hash,
    day_utc,
    count(*) AS n_requested,
    sum(answered) AS n_answered,
    sum(CASE WHEN label = 'right' THEN 1 ELSE 0 END) AS n_right,
    sum(CASE WHEN label = 'wrong' THEN 1 ELSE 0 END) AS n_wrong,
    sum(CASE WHEN label = 'flaky' THEN 1 ELSE 0 END) AS n_flaky,
    sum(CASE WHEN answered = 1 AND label = 'unverified' THEN 1 ELSE 0 END) AS n_unverified,
    sum(CASE WHEN label_by <> 'evidence' AND label <> 'unverified' THEN 1 ELSE 0 END)
        AS n_concluded,
    sum(shown) AS n_shown,
    sum(accepted) AS n_accepted,
    sum(dismissed) AS n_dismissed,
    sum(CASE WHEN accepted = 1 AND accepted_fraction < 1 THEN 1 ELSE 0 END) AS n_partly,
    sum(CASE WHEN accepted = 1 THEN checked_after ELSE 0 END) AS n_checked,
    sum(CASE WHEN accepted = 1 THEN holds_after ELSE 0 END) AS n_hold,
    sum(CASE WHEN accepted = 1 THEN checked_as_suggested ELSE 0 END) AS n_checked_as_suggested,
    sum(CASE WHEN edit_ratio_30s IS NOT NULL THEN 1 ELSE 0 END) AS n_looked_30s,
    sum(CASE WHEN edit_ratio_30s <= 0.5 THEN 1 ELSE 0 END) AS n_still_in_30s,
    sum(CASE WHEN edit_ratio_2min IS NOT NULL THEN 1 ELSE 0 END) AS n_looked_2min,
    sum(CASE WHEN edit_ratio_2min <= 0.5 THEN 1 ELSE 0 END) AS n_still_in_2min,
    sum(CASE WHEN edit_ratio_10min IS NOT NULL THEN 1 ELSE 0 END) AS n_looked_10min,
    sum(CASE WHEN edit_ratio_10min <= 0.5 THEN 1 ELSE 0 END) AS n_still_in_10min,
    sum(CASE WHEN edit_ratio_next_commit IS NOT NULL THEN 1 ELSE 0 END) AS n_looked_next_commit,
    sum(CASE WHEN edit_ratio_next_commit <= 0.5 THEN 1 ELSE 0 END) AS n_still_in_next_commit
FROM suggestion
GROUP BY model, model_sha256, quantisation, kind, language, project_hash, day_utc;

-- What each model turned out to be worth.
CREATE VIEW cell AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    project_hash,
    day_utc,
    n_requested,
    n_answered,
    n_right,
    n_wrong,
    n_flaky,
    n_unverified,
    n_concluded,
    n_shown,
    n_accepted,
    n_dismissed,
    n_looked_10min,
    n_still_in_10min
FROM tally;

-- Accepted suggestions only. `n_partly`: a part of it was taken. `n_checked`: its examples or tests
-- were run afterwards, on what stood in the editor; `n_hold`: all of them passed. This is no
-- accuracy: the code may be the person's by then.
CREATE VIEW acceptance AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    project_hash,
    day_utc,
    n_accepted,
    n_partly,
    n_checked,
    n_hold,
    n_checked_as_suggested
FROM tally
WHERE n_accepted > 0;

-- How much of what was accepted still stood at each look. This measures liking too.
CREATE VIEW persistence AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    project_hash,
    day_utc,
    n_accepted,
    n_looked_30s,
    n_still_in_30s,
    n_looked_2min,
    n_still_in_2min,
    n_looked_10min,
    n_still_in_10min,
    n_looked_next_commit,
    n_still_in_next_commit
FROM tally
WHERE n_accepted > 0;

-- The calendar of use.
CREATE VIEW day AS
SELECT
    day_utc,
    kind,
    language,
    project_hash,
    sum(n_requested) AS n_requested,
    sum(n_answered) AS n_answered,
    sum(n_shown) AS n_shown,
    sum(n_accepted) AS n_accepted,
    sum(n_right + n_wrong + n_flaky) AS n_verified,
    sum(n_right) AS n_right
FROM tally
GROUP BY day_utc, kind, language, project_hash;

-- The times of each answered suggestion, for the percentiles.
CREATE VIEW suggestion_time AS
SELECT
    model, model_sha256, quantisation, kind, language, project_hash, day_utc,
    ttft_ms, total_ms, decode_tok_s
FROM suggestion
WHERE finish_reason <> 'cancelled';

-- The newest verified suggestion of each model at each task.
CREATE VIEW task_outcome AS
SELECT
    task_hash, kind, language, project_hash, model, model_sha256, quantisation, day_utc,
    suggestion_id,
    CASE WHEN label = 'right' THEN 1 ELSE 0 END AS is_right
FROM (
    SELECT
        task_hash, kind, language, project_hash, model, model_sha256, quantisation, day_utc,
        suggestion_id, label,
        row_number() OVER (
            PARTITION BY task_hash, kind, language, model_sha256, model, quantisation
            ORDER BY at_utc DESC, suggestion_id DESC
        ) AS age
    FROM suggestion
    WHERE task_hash <> '' AND label <> 'unverified'
) AS outcomes
WHERE age = 1;

-- Two models or quantisations at one task; the day is that of the later of the two.
CREATE VIEW flip_case AS
SELECT
    a.task_hash,
    a.kind,
    a.language,
    a.project_hash,
    CASE WHEN a.day_utc < b.day_utc THEN b.day_utc ELSE a.day_utc END AS day_utc,
    a.model AS first_model,
    a.model_sha256 AS first_sha256,
    a.quantisation AS first_quantisation,
    a.suggestion_id AS first_id,
    a.is_right AS first_right,
    b.model AS second_model,
    b.model_sha256 AS second_sha256,
    b.quantisation AS second_quantisation,
    b.suggestion_id AS second_id,
    b.is_right AS second_right
FROM task_outcome AS a
JOIN task_outcome AS b
    ON b.task_hash = a.task_hash AND b.kind = a.kind AND b.language = a.language
WHERE
    a.model_sha256 < b.model_sha256
    OR (a.model_sha256 = b.model_sha256 AND a.model < b.model)
    OR (
        a.model_sha256 = b.model_sha256 AND a.model = b.model AND a.quantisation < b.quantisation
    );

-- The same, counted: flips in both directions, for the exact McNemar test.
CREATE VIEW flip AS
SELECT
    first_model,
    first_sha256,
    first_quantisation,
    second_model,
    second_sha256,
    second_quantisation,
    kind,
    language,
    project_hash,
    day_utc,
    count(*) AS n_tasks,
    sum(CASE WHEN first_right = 1 AND second_right = 1 THEN 1 ELSE 0 END) AS n_both,
    sum(CASE WHEN first_right = 1 AND second_right = 0 THEN 1 ELSE 0 END) AS n_only_first,
    sum(CASE WHEN first_right = 0 AND second_right = 1 THEN 1 ELSE 0 END) AS n_only_second,
    sum(CASE WHEN first_right = 0 AND second_right = 0 THEN 1 ELSE 0 END) AS n_none
FROM flip_case
GROUP BY
    first_model, first_sha256, first_quantisation,
    second_model, second_sha256, second_quantisation,
    kind, language, project_hash, day_utc;

-- What a prediction can learn from and is scored on: each verified suggestion with its signals, what
-- was foretold before and after running, and what it turned out to be.
-- `n_visible_passed` and `n_visible_failed` are NULL where no check ran before it was shown;
-- `label_tier` is the strongest tier that ran, and `label_by` is `evidence` where that decided.
-- `has_answer`: there was something to predict. A search that found nothing is wrong, by the rules,
-- and nothing of it was checked or has probabilities. `has_run`: something of it was run before it
-- was shown, checks that the model could see or several candidates.
CREATE VIEW tell_case AS
SELECT
    suggestion_id,
    at_utc,
    day_utc,
    known_utc,
    task_hash,
    project_hash,
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    min_logprob,
    lowest5_logprob,
    mean_logprob,
    min_margin,
    completion_tokens,
    answer_tokens,
    static_verdict,
    n_candidates,
    n_agreeing,
    n_compared,
    n_visible_passed,
    n_visible_failed,
    hidden_passed,
    p_right,
    calibrator,
    has_tell,
    p_right_after,
    calibrator_after,
    has_tell_after,
    label,
    label_by,
    strongest_tier AS label_tier,
    CASE
        WHEN answer_tokens IS NOT NULL OR min_logprob IS NOT NULL THEN 1
        WHEN n_visible_passed IS NOT NULL THEN 1
        WHEN strongest_tier <> 'none' OR label_by <> 'evidence' THEN 1
        ELSE 0
    END AS has_answer,
    CASE
        WHEN n_visible_passed + n_visible_failed > 0 THEN 1
        WHEN n_agreeing IS NOT NULL AND n_compared >= 2 THEN 1
        ELSE 0
    END AS has_run,
    answered,
    accepted,
    dismissed
FROM suggestion
WHERE label <> 'unverified';

-- Each prediction that was written down and can be scored, one row a moment. After running: where
-- something was run, and the label does not rest on that very run, which would be no outcome; so
-- only hidden checks and conclusions are.
CREATE VIEW forecast AS
SELECT
    suggestion_id, at_utc, day_utc, known_utc, task_hash, project_hash,
    model, model_sha256, quantisation, kind, language,
    'before_running' AS moment,
    p_right,
    calibrator,
    CASE WHEN label = 'right' THEN 1 ELSE 0 END AS is_right
FROM tell_case
WHERE p_right IS NOT NULL AND has_answer = 1
UNION ALL
SELECT
    suggestion_id, at_utc, day_utc, known_utc, task_hash, project_hash,
    model, model_sha256, quantisation, kind, language,
    'after_running' AS moment,
    p_right_after AS p_right,
    calibrator_after AS calibrator,
    CASE WHEN label = 'right' THEN 1 ELSE 0 END AS is_right
FROM tell_case
WHERE
    p_right_after IS NOT NULL
    AND has_answer = 1
    AND has_run = 1
    AND (label_tier = 'hidden' OR label_by <> 'evidence');

-- One source within one search. A search whose `requested` event is missing has no model to be
-- counted under and is left out. Outcomes that say nothing of a candidate are counted apart.
CREATE VIEW source_search AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    r.project_hash,
    substr(r.at_utc, 1, 10) AS day_utc,
    r.suggestion_id,
    t.source,
    t.n_tried,
    t.n_void,
    t.n_plausible,
    t.chosen,
    CASE
        WHEN t.chosen = 1 AND EXISTS (
            SELECT 1 FROM lifecycle AS l
            WHERE l.suggestion_id = r.suggestion_id AND l.event = 'accepted'
        ) THEN 1
        ELSE 0
    END AS accepted,
    t.completion_tokens,
    t.generation_ms,
    t.verify_ms
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN (
    SELECT
        suggestion_id,
        source,
        sum(CASE WHEN outcome IN ('sandbox_error', 'stale', 'not_run') THEN 0 ELSE 1 END)
            AS n_tried,
        sum(CASE WHEN outcome IN ('sandbox_error', 'stale', 'not_run') THEN 1 ELSE 0 END)
            AS n_void,
        sum(CASE WHEN outcome = 'plausible' THEN 1 ELSE 0 END) AS n_plausible,
        max(chosen) AS chosen,
        sum(completion_tokens) AS completion_tokens,
        sum(generation_ms) AS generation_ms,
        sum(verify_ms) AS verify_ms
    FROM tried
    GROUP BY suggestion_id, source
) AS t ON t.suggestion_id = r.suggestion_id;

-- Model × quantisation × kind × language × source.
-- `n_suggestions`: searches in which something was learned of a candidate of this source.
CREATE VIEW source_result AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    project_hash,
    source,
    day_utc,
    sum(n_tried) AS n_tried,
    sum(n_void) AS n_void,
    sum(n_plausible) AS n_plausible,
    sum(CASE WHEN n_tried > 0 THEN 1 ELSE 0 END) AS n_suggestions,
    sum(CASE WHEN n_plausible > 0 THEN 1 ELSE 0 END) AS n_suggestions_plausible,
    sum(chosen) AS n_chosen,
    sum(accepted) AS n_accepted,
    sum(completion_tokens) AS completion_tokens,
    sum(generation_ms) AS generation_ms,
    sum(verify_ms) AS verify_ms
FROM source_search
GROUP BY model, model_sha256, quantisation, kind, language, project_hash, source, day_utc;

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
    r.project_hash,
    substr(r.at_utc, 1, 10) AS day_utc,
    CASE WHEN t.completion_tokens > 0 THEN nullif(t.generation_ms, 0) END AS generation_ms,
    nullif(t.verify_ms, 0) AS verify_ms
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN tried AS t ON t.suggestion_id = r.suggestion_id
WHERE t.outcome NOT IN ('sandbox_error', 'stale', 'not_run');

-- Events that are known to be missing, and why the last of them are.
CREATE VIEW gap_total AS
SELECT
    coalesce(sum(n_unlogged), 0) AS n_unlogged,
    (SELECT g.reason FROM gap AS g ORDER BY g.at_utc DESC, g.seq DESC LIMIT 1) AS last_reason
FROM gap;
