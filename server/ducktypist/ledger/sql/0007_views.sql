-- What is known of one suggestion: the views from which every displayed number comes, first half.
--
-- This file is portable: SQLite and PostgreSQL run it unchanged (flags are integers, no bare column
-- stands beside an aggregate, nothing depends on a dialect). It drops and makes anew what it makes.
-- Times are ordered by (at_utc, seq), so that ledgers put together from several machines work; text
-- is compared byte by byte (in PostgreSQL: COLLATE "C").
--
-- How a label comes about, strongest rule first:
--
--   1. The last conclusion (settled or revised) holds, whoever made it.
--   2. An empty answer and a refusal are wrong, unless the request was cancelled.
--   3. A verifier that RUNS something (examples, target_test, suite, race, round_trip) and fails in
--      one environment without ever passing there makes it wrong, whatever else passed; this holds
--      in every tier, so a regression is wrong too.
--   4. A running verifier that disagrees with itself in one environment makes it flaky.
--   5. The strongest tier in which something ran is hidden before visible. Every verifier of that
--      tier must have passed three times in one environment: then it is right. With fewer repeats
--      it stays unverified: right once may be luck.
--   6. Where nothing ran, a failed static check (parse, resolve, claim) makes it wrong. A passed one
--      makes it nothing: reading is not running, so it stays unverified. Where something did run,
--      running overrules reading, because static checks err on dynamic code.
--   7. All else is unverified. So is a suite that passes while nothing ran that is about the
--      suggestion itself: the regression tier can only say no.
--
-- A run whose outcome is sandbox_error, stale or not_run says nothing of the suggestion and is left
-- out everywhere. So is a pass in which not one check passed, outside the regression tier, and so is
-- what ran on code that was the person's as well (moment `in_edited_code`).

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
DROP VIEW IF EXISTS label_history;
DROP VIEW IF EXISTS suggestion;
DROP VIEW IF EXISTS prediction_after;
DROP VIEW IF EXISTS visible_count;
DROP VIEW IF EXISTS last_check_after;
DROP VIEW IF EXISTS last_conclusion;
DROP VIEW IF EXISTS looked;
DROP VIEW IF EXISTS life;
DROP VIEW IF EXISTS evidence_label;
DROP VIEW IF EXISTS evidence;
DROP VIEW IF EXISTS verifier_result;
DROP VIEW IF EXISTS verifier_environment;
DROP VIEW IF EXISTS check_result;
DROP VIEW IF EXISTS evidence_moment;

-- The moments at which something was learned of a suggestion; `age` is 1 for the last of them.
CREATE VIEW evidence_moment AS
SELECT
    suggestion_id,
    as_of_utc,
    row_number() OVER (PARTITION BY suggestion_id ORDER BY as_of_utc DESC) AS age
FROM (
    SELECT suggestion_id, at_utc AS as_of_utc FROM generated
    UNION
    SELECT suggestion_id, at_utc AS as_of_utc FROM verified WHERE moment <> 'in_edited_code'
) AS moments;

-- Each run of a verifier that is evidence, as pass, fail, flaky or void.
CREATE VIEW check_result AS
SELECT
    suggestion_id, at_utc, tier, verifier, environment_hash, moment, n_repeats, n_passed, n_failed,
    CASE WHEN verifier IN ('parse', 'resolve', 'claim') THEN 'static' ELSE tier END AS strength,
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
WHERE moment <> 'in_edited_code';

-- One verifier in one environment, as known at one moment: how many repeats passed, failed, or
-- disagreed.
CREATE VIEW verifier_environment AS
SELECT
    m.suggestion_id,
    m.as_of_utc,
    c.tier,
    c.verifier,
    c.environment_hash,
    c.strength,
    sum(CASE WHEN c.result = 'pass' THEN c.n_repeats ELSE 0 END) AS n_pass,
    sum(CASE WHEN c.result = 'fail' THEN c.n_repeats ELSE 0 END) AS n_fail,
    sum(CASE WHEN c.result = 'flaky' THEN c.n_repeats ELSE 0 END) AS n_flaky
FROM evidence_moment AS m
JOIN check_result AS c ON c.suggestion_id = m.suggestion_id AND c.at_utc <= m.as_of_utc
WHERE c.result <> 'void'
GROUP BY m.suggestion_id, m.as_of_utc, c.tier, c.verifier, c.environment_hash, c.strength;

-- One verifier at one moment, all environments together.
CREATE VIEW verifier_result AS
SELECT
    suggestion_id,
    as_of_utc,
    tier,
    verifier,
    strength,
    max(n_pass) AS n_pass,
    max(CASE WHEN n_fail > 0 AND n_pass = 0 AND n_flaky = 0 THEN 1 ELSE 0 END) AS failed,
    max(CASE WHEN n_flaky > 0 OR (n_fail > 0 AND n_pass > 0) THEN 1 ELSE 0 END) AS disagreed
FROM verifier_environment
GROUP BY suggestion_id, as_of_utc, tier, verifier, strength;

-- One suggestion's evidence at one moment, all verifiers together.
CREATE VIEW evidence AS
SELECT
    suggestion_id,
    as_of_utc,
    sum(CASE WHEN strength = 'static' THEN 1 ELSE 0 END) AS n_static,
    sum(CASE WHEN strength = 'static' AND (failed = 1 OR disagreed = 1) THEN 1 ELSE 0 END)
        AS n_static_bad,
    sum(CASE WHEN strength = 'visible' THEN 1 ELSE 0 END) AS n_visible,
    sum(
        CASE
            WHEN strength = 'visible' AND n_pass >= 3 AND failed = 0 AND disagreed = 0 THEN 1
            ELSE 0
        END
    ) AS n_visible_good,
    sum(CASE WHEN strength = 'hidden' THEN 1 ELSE 0 END) AS n_hidden,
    sum(
        CASE
            WHEN strength = 'hidden' AND n_pass >= 3 AND failed = 0 AND disagreed = 0 THEN 1
            ELSE 0
        END
    ) AS n_hidden_good,
    sum(CASE WHEN strength = 'regression' THEN 1 ELSE 0 END) AS n_regression,
    sum(CASE WHEN strength = 'regression' AND failed = 1 THEN 1 ELSE 0 END) AS n_regression_failed,
    sum(CASE WHEN strength <> 'static' AND failed = 1 THEN 1 ELSE 0 END) AS n_failed,
    sum(CASE WHEN strength <> 'static' AND disagreed = 1 THEN 1 ELSE 0 END) AS n_disagreed
FROM verifier_result
GROUP BY suggestion_id, as_of_utc;

-- What the evidence amounts to at each moment, rules 2 to 7; the only place where they stand.
CREATE VIEW evidence_label AS
SELECT
    m.suggestion_id,
    m.as_of_utc,
    m.age,
    CASE
        WHEN g.answer <> 'given' AND g.finish_reason <> 'cancelled' THEN 'wrong'
        WHEN e.n_failed > 0 THEN 'wrong'
        WHEN e.n_disagreed > 0 THEN 'flaky'
        WHEN e.n_hidden > 0 AND e.n_hidden_good = e.n_hidden THEN 'right'
        WHEN e.n_hidden > 0 THEN 'unverified'
        WHEN e.n_visible > 0 AND e.n_visible_good = e.n_visible THEN 'right'
        WHEN e.n_visible > 0 THEN 'unverified'
        WHEN e.n_static_bad > 0 OR g.static_verdict = 'broken' THEN 'wrong'
        ELSE 'unverified'
    END AS label,
    CASE
        WHEN g.answer <> 'given' AND g.finish_reason <> 'cancelled' THEN 'no answer'
        WHEN e.n_regression_failed > 0 THEN 'something that passed before fails'
        WHEN e.n_failed > 0 THEN 'a check failed'
        WHEN e.n_disagreed > 0 THEN 'a check disagrees with itself'
        WHEN e.n_hidden > 0 AND e.n_hidden_good = e.n_hidden THEN 'hidden checks pass'
        WHEN e.n_hidden > 0 THEN 'too few repeats'
        WHEN e.n_visible > 0 AND e.n_visible_good = e.n_visible THEN 'visible checks pass'
        WHEN e.n_visible > 0 THEN 'too few repeats'
        WHEN e.n_static_bad > 0 OR g.static_verdict = 'broken' THEN 'a static check failed'
        ELSE 'nothing ran'
    END AS reason,
    CASE
        WHEN e.n_hidden > 0 THEN 'hidden'
        WHEN e.n_visible > 0 THEN 'visible'
        WHEN e.n_static > 0 OR g.static_verdict <> 'not_checked' THEN 'static'
        ELSE 'none'
    END AS strongest_tier,
    CASE WHEN e.n_regression > 0 THEN 1 ELSE 0 END AS regression_checked,
    CASE WHEN e.n_hidden > 0 AND e.n_hidden_good = e.n_hidden THEN 1 ELSE 0 END AS hidden_passed
FROM evidence_moment AS m
LEFT JOIN generated AS g ON g.suggestion_id = m.suggestion_id AND g.at_utc <= m.as_of_utc
LEFT JOIN evidence AS e ON e.suggestion_id = m.suggestion_id AND e.as_of_utc = m.as_of_utc;

-- What became of a suggestion in the editor. `accepted_fraction`: the largest share taken, 1 where
-- all of it was taken at once; NULL where none was.
CREATE VIEW life AS
SELECT
    suggestion_id,
    max(CASE WHEN event = 'shown' THEN 1 ELSE 0 END) AS shown,
    max(CASE WHEN event = 'superseded' THEN 1 ELSE 0 END) AS superseded,
    max(CASE WHEN event = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
    max(CASE WHEN event = 'dismissed' THEN 1 ELSE 0 END) AS dismissed,
    max(CASE WHEN event = 'accepted' THEN 1 ELSE 0 END) AS accepted,
    max(CASE WHEN event = 'accepted' THEN edited_fraction END) AS edited_fraction,
    max(CASE WHEN event = 'accepted' THEN coalesce(accepted_fraction, 1.0) END) AS accepted_fraction
FROM lifecycle
GROUP BY suggestion_id;

-- How much of a suggestion still stood at each look; of two looks at one checkpoint (two windows, or
-- a merged ledger) the first counts.
CREATE VIEW looked AS
SELECT
    suggestion_id,
    max(CASE WHEN checkpoint = '30s' THEN edit_ratio END) AS edit_ratio_30s,
    max(CASE WHEN checkpoint = '2min' THEN edit_ratio END) AS edit_ratio_2min,
    max(CASE WHEN checkpoint = '10min' THEN edit_ratio END) AS edit_ratio_10min,
    max(CASE WHEN checkpoint = 'next_commit' THEN edit_ratio END) AS edit_ratio_next_commit
FROM persisted AS p
WHERE NOT EXISTS (
    SELECT 1
    FROM persisted AS earlier
    WHERE
        earlier.suggestion_id = p.suggestion_id
        AND earlier.checkpoint = p.checkpoint
        AND (earlier.at_utc < p.at_utc OR (earlier.at_utc = p.at_utc AND earlier.seq < p.seq))
)
GROUP BY suggestion_id;

-- The last conclusion about a suggestion.
CREATE VIEW last_conclusion AS
SELECT c.suggestion_id, c.at_utc, c.label, c.reason, c.by
FROM conclusion AS c
WHERE NOT EXISTS (
    SELECT 1
    FROM conclusion AS later
    WHERE
        later.suggestion_id = c.suggestion_id
        AND (later.at_utc > c.at_utc OR (later.at_utc = c.at_utc AND later.seq > c.seq))
);

-- The last check of a suggestion after it was shown that ran something, whatever code it ran.
CREATE VIEW last_check_after AS
SELECT
    suggestion_id,
    CASE WHEN outcome = 'plausible' AND timed_out = 0 THEN 1 ELSE 0 END AS holds,
    CASE WHEN moment = 'as_suggested' THEN 1 ELSE 0 END AS as_suggested
FROM (
    SELECT
        suggestion_id, outcome, timed_out, moment,
        row_number() OVER (PARTITION BY suggestion_id ORDER BY at_utc DESC, seq DESC) AS age
    FROM verified
    WHERE
        moment <> 'before_shown'
        AND verifier NOT IN ('parse', 'resolve', 'claim')
        AND outcome NOT IN ('sandbox_error', 'stale', 'not_run')
) AS after_shown
WHERE age = 1;

-- Checks that the model could see and that ran before the suggestion was shown. A run that did not
-- count its checks is one check.
CREATE VIEW visible_count AS
SELECT
    suggestion_id,
    sum(
        CASE
            WHEN n_passed IS NOT NULL THEN n_passed
            WHEN result = 'pass' THEN 1
            ELSE 0
        END
    ) AS n_visible_passed,
    sum(
        CASE
            WHEN n_failed > 0 THEN n_failed
            WHEN result <> 'pass' THEN 1
            ELSE 0
        END
    ) AS n_visible_failed
FROM check_result
WHERE strength = 'visible' AND result <> 'void' AND moment = 'before_shown'
GROUP BY suggestion_id;

-- The first prediction that was made after running.
CREATE VIEW prediction_after AS
SELECT suggestion_id, at_utc, p_right, calibrator, p_low, p_high, n_like, has_tell
FROM (
    SELECT
        suggestion_id, at_utc, p_right, calibrator, p_low, p_high, n_like, has_tell,
        row_number() OVER (PARTITION BY suggestion_id ORDER BY at_utc, seq) AS place
    FROM verified
    WHERE p_right IS NOT NULL
) AS predictions
WHERE place = 1;

-- One row per request whose `requested` event was written.
-- `answered`: the engine answered and was not cancelled, or something was concluded anyway; the
-- denominator of coverage. A time of 0 means that nobody measured, and becomes NULL.
-- `known_utc`: since when the label has been known, or later; NULL where nothing is known.
CREATE VIEW suggestion AS
SELECT
    s.*,
    CASE
        WHEN s.label <> 'unverified' THEN 1
        WHEN s.finish_reason IS NOT NULL AND s.finish_reason <> 'cancelled' THEN 1
        ELSE 0
    END AS answered
FROM (
    SELECT
        r.suggestion_id,
        r.at_utc,
        substr(r.at_utc, 1, 10) AS day_utc,
        r.kind,
        r.language,
        m.name AS model,
        m.sha256 AS model_sha256,
        m.quantisation,
        m.backend,
        m.n_gpu_layers,
        m.n_threads,
        r.session_id,
        r.template_hash,
        r.prompt_hash,
        r.path_hash,
        r.project_hash,
        r.path,
        r.task_hash,
        r.truncated,
        r.trusted,
        nullif(g.queue_ms, 0) AS queue_ms,
        nullif(g.prefill_ms, 0) AS prefill_ms,
        nullif(g.ttft_ms, 0) AS ttft_ms,
        nullif(g.decode_ms, 0) AS decode_ms,
        nullif(g.total_ms, 0) AS total_ms,
        g.prompt_tokens,
        g.cached_tokens,
        g.completion_tokens,
        CASE
            WHEN g.completion_tokens > 0 THEN g.completion_tokens * 1000.0 / nullif(g.decode_ms, 0)
        END AS decode_tok_s,
        g.finish_reason,
        g.answer,
        g.mean_logprob,
        g.min_logprob,
        g.lowest5_logprob,
        g.min_margin,
        g.answer_tokens,
        g.n_candidates,
        g.n_agreeing,
        g.n_compared,
        g.static_verdict,
        g.p_right,
        g.calibrator,
        g.p_low,
        g.p_high,
        g.n_like,
        g.has_tell,
        a.p_right AS p_right_after,
        a.calibrator AS calibrator_after,
        a.p_low AS p_low_after,
        a.p_high AS p_high_after,
        a.n_like AS n_like_after,
        a.has_tell AS has_tell_after,
        coalesce(l.shown, 0) AS shown,
        coalesce(l.superseded, 0) AS superseded,
        coalesce(l.cancelled, 0) AS cancelled,
        coalesce(l.dismissed, 0) AS dismissed,
        coalesce(l.accepted, 0) AS accepted,
        l.edited_fraction,
        l.accepted_fraction,
        p.edit_ratio_30s,
        p.edit_ratio_2min,
        p.edit_ratio_10min,
        p.edit_ratio_next_commit,
        CASE WHEN k.suggestion_id IS NOT NULL THEN 1 ELSE 0 END AS checked_after,
        coalesce(k.holds, 0) AS holds_after,
        coalesce(k.as_suggested, 0) AS checked_as_suggested,
        coalesce(e.strongest_tier, 'none') AS strongest_tier,
        coalesce(e.regression_checked, 0) AS regression_checked,
        coalesce(e.hidden_passed, 0) AS hidden_passed,
        v.n_visible_passed,
        v.n_visible_failed,
        coalesce(e.label, 'unverified') AS evidence_label,
        coalesce(e.reason, 'nothing ran') AS evidence_reason,
        c.label AS concluded_label,
        c.by AS concluded_by,
        c.reason AS concluded_reason,
        coalesce(c.label, e.label, 'unverified') AS label,
        coalesce(c.by, 'evidence') AS label_by,
        coalesce(c.reason, e.reason, 'nothing ran') AS label_reason,
        coalesce(c.at_utc, e.as_of_utc) AS known_utc
    FROM requested AS r
    JOIN model AS m ON m.model_id = r.model_id
    LEFT JOIN generated AS g ON g.suggestion_id = r.suggestion_id
    LEFT JOIN evidence_label AS e ON e.suggestion_id = r.suggestion_id AND e.age = 1
    LEFT JOIN visible_count AS v ON v.suggestion_id = r.suggestion_id
    LEFT JOIN prediction_after AS a ON a.suggestion_id = r.suggestion_id
    LEFT JOIN life AS l ON l.suggestion_id = r.suggestion_id
    LEFT JOIN looked AS p ON p.suggestion_id = r.suggestion_id
    LEFT JOIN last_check_after AS k ON k.suggestion_id = r.suggestion_id
    LEFT JOIN last_conclusion AS c ON c.suggestion_id = r.suggestion_id
) AS s;

-- Every label that a suggestion ever had, in order: what the evidence said until somebody concluded,
-- and each conclusion. `place` counts from 1; `event` is `evidence`, `settled` or `revised`.
-- That it was unverified at first is no label of its own.
CREATE VIEW label_history AS
SELECT
    suggestion_id,
    at_utc,
    row_number() OVER (PARTITION BY suggestion_id ORDER BY at_utc, seq) AS place,
    event,
    label,
    reason,
    by
FROM (
    SELECT
        suggestion_id, at_utc, seq, event, label, reason, by,
        lag(label, 1, 'unverified') OVER (PARTITION BY suggestion_id ORDER BY at_utc, seq)
            AS label_before
    FROM (
        SELECT
            e.suggestion_id,
            e.as_of_utc AS at_utc,
            0 AS seq,
            'evidence' AS event,
            e.label,
            e.reason,
            'evidence' AS by
        FROM evidence_label AS e
        JOIN requested AS r ON r.suggestion_id = e.suggestion_id
        WHERE NOT EXISTS (
            SELECT 1
            FROM conclusion AS c
            WHERE c.suggestion_id = e.suggestion_id AND c.at_utc <= e.as_of_utc
        )
        UNION ALL
        SELECT c.suggestion_id, c.at_utc, c.seq, c.event, c.label, c.reason, c.by
        FROM conclusion AS c
        JOIN requested AS r ON r.suggestion_id = c.suggestion_id
    ) AS said
) AS changes
WHERE label <> label_before OR event <> 'evidence';
