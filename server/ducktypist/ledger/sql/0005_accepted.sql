-- What becomes of a suggestion once it was shown: how much of it was taken, and what its checks say
-- of the text that stands in the editor then.
--
-- `accepted_fraction`: the share taken so far, 0 to 1, all partial acceptances together; NULL where
-- all of it was taken at once.
-- `moment`: `before_shown`, `as_suggested` (run after it was accepted or dismissed, and what was run
-- was the suggestion as it was made), or `in_edited_code` (what was run is the person's work as well:
-- edited since, or one line of a function). The last one says nothing of the suggestion and is no
-- evidence.
ALTER TABLE lifecycle ADD COLUMN accepted_fraction REAL;
ALTER TABLE verified ADD COLUMN moment TEXT NOT NULL DEFAULT 'before_shown';

-- One verifier in one environment: how many repeats passed, failed, or disagreed.
DROP VIEW verifier_environment;
CREATE VIEW verifier_environment AS
SELECT
    suggestion_id,
    tier,
    verifier,
    environment_hash,
    CASE
        WHEN verifier IN ('parse', 'resolve', 'claim') THEN 'static'
        ELSE tier
    END AS strength,
    sum(CASE WHEN result = 'pass' THEN n_repeats ELSE 0 END) AS n_pass,
    sum(CASE WHEN result = 'fail' THEN n_repeats ELSE 0 END) AS n_fail,
    sum(CASE WHEN result = 'flaky' THEN n_repeats ELSE 0 END) AS n_flaky
FROM (
    SELECT
        suggestion_id, tier, verifier, environment_hash, n_repeats,
        CASE
            WHEN outcome IN ('sandbox_error', 'stale', 'not_run') THEN 'void'
            WHEN outcome = 'flaky' THEN 'flaky'
            WHEN outcome <> 'plausible' OR timed_out <> 0 THEN 'fail'
            -- In the regression tier, failures may be ones from before; the outcome knows.
            WHEN tier = 'regression' THEN 'pass'
            WHEN n_failed > 0 THEN 'fail'
            WHEN n_passed = 0 THEN 'void'
            ELSE 'pass'
        END AS result
    FROM verified
    WHERE moment <> 'in_edited_code'
)
WHERE result <> 'void'
GROUP BY suggestion_id, tier, verifier, environment_hash;

-- The last check of a suggestion after it was shown that ran something, whatever code it ran.
-- (A bare column beside max() is of the row of the maximum.)
CREATE VIEW last_check_after AS
SELECT
    suggestion_id,
    max(seq) AS seq,
    outcome = 'plausible' AND timed_out = 0 AS holds,
    moment = 'as_suggested' AS as_suggested
FROM verified
WHERE
    moment <> 'before_shown'
    AND verifier NOT IN ('parse', 'resolve', 'claim')
    AND outcome NOT IN ('sandbox_error', 'stale', 'not_run')
GROUP BY suggestion_id;

-- Model × quantisation × kind × language, one row a UTC day, of accepted suggestions only.
-- `n_partly`: a part of it was taken. `n_checked`: its examples or tests were run afterwards, on
-- what stood in the editor; `n_hold`: all of them passed. This is no accuracy: the code may be the
-- person's by then.
CREATE VIEW acceptance AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    substr(r.at_utc, 1, 10) AS day_utc,
    count(*) AS n_accepted,
    sum(a.fraction < 1) AS n_partly,
    sum(c.seq IS NOT NULL) AS n_checked,
    sum(coalesce(c.holds, 0)) AS n_hold,
    sum(coalesce(c.as_suggested, 0)) AS n_checked_as_suggested
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN (
    SELECT suggestion_id, max(coalesce(accepted_fraction, 1)) AS fraction
    FROM lifecycle
    WHERE event = 'accepted'
    GROUP BY suggestion_id
) AS a ON a.suggestion_id = r.suggestion_id
LEFT JOIN last_check_after AS c ON c.suggestion_id = r.suggestion_id
GROUP BY m.name, m.sha256, m.quantisation, r.kind, r.language, day_utc;
