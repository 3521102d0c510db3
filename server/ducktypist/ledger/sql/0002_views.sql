-- The views from which every displayed number comes.
--
-- This file is history: a change is a new numbered file that drops and makes the views anew.
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
-- out everywhere. So is a pass in which not one check passed, outside the regression tier.

-- One verifier in one environment: how many repeats passed, failed, or disagreed.
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
)
WHERE result <> 'void'
GROUP BY suggestion_id, tier, verifier, environment_hash;

-- One verifier, all environments together.
CREATE VIEW verifier_result AS
SELECT
    suggestion_id,
    tier,
    verifier,
    strength,
    max(n_pass) AS n_pass,
    max(n_fail > 0 AND n_pass = 0 AND n_flaky = 0) AS failed,
    max(n_flaky > 0 OR (n_fail > 0 AND n_pass > 0)) AS disagreed
FROM verifier_environment
GROUP BY suggestion_id, tier, verifier;

-- One suggestion's evidence, all verifiers together.
CREATE VIEW evidence AS
SELECT
    suggestion_id,
    sum(strength = 'static') AS n_static,
    sum(strength = 'static' AND (failed OR disagreed)) AS n_static_bad,
    sum(strength = 'visible') AS n_visible,
    sum(strength = 'visible' AND n_pass >= 3 AND NOT failed AND NOT disagreed) AS n_visible_good,
    sum(strength = 'hidden') AS n_hidden,
    sum(strength = 'hidden' AND n_pass >= 3 AND NOT failed AND NOT disagreed) AS n_hidden_good,
    sum(strength = 'regression') AS n_regression,
    sum(strength = 'regression' AND failed) AS n_regression_failed,
    sum(strength <> 'static' AND failed) AS n_failed,
    sum(strength <> 'static' AND disagreed) AS n_disagreed
FROM verifier_result
GROUP BY suggestion_id;

-- What became of a suggestion in the editor.
CREATE VIEW life AS
SELECT
    suggestion_id,
    max(event = 'shown') AS shown,
    max(event = 'superseded') AS superseded,
    max(event = 'cancelled') AS cancelled,
    max(event = 'dismissed') AS dismissed,
    max(event = 'accepted') AS accepted,
    max(CASE WHEN event = 'accepted' THEN edited_fraction END) AS edited_fraction
FROM lifecycle
GROUP BY suggestion_id;

-- How much of a suggestion still stood at each look; "still in" means a ratio of at most 0.5.
CREATE VIEW persistence AS
SELECT
    suggestion_id,
    max(CASE WHEN checkpoint = '30s' THEN edit_ratio END) AS edit_ratio_30s,
    max(CASE WHEN checkpoint = '2min' THEN edit_ratio END) AS edit_ratio_2min,
    max(CASE WHEN checkpoint = '10min' THEN edit_ratio END) AS edit_ratio_10min,
    max(CASE WHEN checkpoint = 'next_commit' THEN edit_ratio END) AS edit_ratio_next_commit
FROM persisted
GROUP BY suggestion_id;

-- The last conclusion about a suggestion (a bare column beside max() is of the row of the maximum).
CREATE VIEW last_conclusion AS
SELECT suggestion_id, max(seq) AS seq, label, reason, by
FROM conclusion
GROUP BY suggestion_id;

-- One row per request whose `requested` event was written.
-- `answered`: the engine answered and was not cancelled, or something was concluded anyway; the
-- denominator of coverage. A time of 0 means that nobody measured, and becomes NULL.
CREATE VIEW suggestion AS
SELECT
    *,
    coalesce(concluded_label, evidence_label) AS label,
    coalesce(concluded_by, 'evidence') AS label_by,
    coalesce(concluded_reason, evidence_reason) AS label_reason,
    coalesce(finish_reason <> 'cancelled', 0)
        OR coalesce(concluded_label, evidence_label) <> 'unverified' AS answered
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
        g.n_candidates,
        g.n_agreeing,
        g.static_verdict,
        g.p_right,
        g.calibrator,
        coalesce(l.shown, 0) AS shown,
        coalesce(l.superseded, 0) AS superseded,
        coalesce(l.cancelled, 0) AS cancelled,
        coalesce(l.dismissed, 0) AS dismissed,
        coalesce(l.accepted, 0) AS accepted,
        l.edited_fraction,
        p.edit_ratio_30s,
        p.edit_ratio_2min,
        p.edit_ratio_10min,
        p.edit_ratio_next_commit,
        CASE
            WHEN e.n_hidden > 0 THEN 'hidden'
            WHEN e.n_visible > 0 THEN 'visible'
            WHEN e.n_static > 0 OR g.static_verdict <> 'not_checked' THEN 'static'
            ELSE 'none'
        END AS strongest_tier,
        coalesce(e.n_regression > 0, 0) AS regression_checked,
        CASE
            WHEN g.answer <> 'given' AND g.finish_reason <> 'cancelled' THEN 'wrong'
            WHEN e.n_failed > 0 THEN 'wrong'
            WHEN e.n_disagreed > 0 THEN 'flaky'
            WHEN e.n_hidden > 0 THEN iif(e.n_hidden_good = e.n_hidden, 'right', 'unverified')
            WHEN e.n_visible > 0 THEN iif(e.n_visible_good = e.n_visible, 'right', 'unverified')
            WHEN e.n_static_bad > 0 OR g.static_verdict = 'broken' THEN 'wrong'
            ELSE 'unverified'
        END AS evidence_label,
        CASE
            WHEN g.answer <> 'given' AND g.finish_reason <> 'cancelled' THEN 'no answer'
            WHEN e.n_regression_failed > 0 THEN 'something that passed before fails'
            WHEN e.n_failed > 0 THEN 'a check failed'
            WHEN e.n_disagreed > 0 THEN 'a check disagrees with itself'
            WHEN e.n_hidden > 0
                THEN iif(e.n_hidden_good = e.n_hidden, 'hidden checks pass', 'too few repeats')
            WHEN e.n_visible > 0
                THEN iif(e.n_visible_good = e.n_visible, 'visible checks pass', 'too few repeats')
            WHEN e.n_static_bad > 0 OR g.static_verdict = 'broken' THEN 'a static check failed'
            ELSE 'nothing ran'
        END AS evidence_reason,
        c.label AS concluded_label,
        c.by AS concluded_by,
        c.reason AS concluded_reason
    FROM requested AS r
    JOIN model AS m ON m.model_id = r.model_id
    LEFT JOIN generated AS g ON g.suggestion_id = r.suggestion_id
    LEFT JOIN evidence AS e ON e.suggestion_id = r.suggestion_id
    LEFT JOIN life AS l ON l.suggestion_id = r.suggestion_id
    LEFT JOIN persistence AS p ON p.suggestion_id = r.suggestion_id
    LEFT JOIN last_conclusion AS c ON c.suggestion_id = r.suggestion_id
);

-- Model × quantisation × kind × language, one row a UTC day, so that days can be added up.
-- Verified is right + wrong + flaky; right % is right / verified; coverage is verified / answered.
CREATE VIEW cell AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    day_utc,
    count(*) AS n_requested,
    sum(answered) AS n_answered,
    sum(label = 'right') AS n_right,
    sum(label = 'wrong') AS n_wrong,
    sum(label = 'flaky') AS n_flaky,
    sum(answered AND label = 'unverified') AS n_unverified,
    sum(label_by <> 'evidence' AND label <> 'unverified') AS n_concluded,
    sum(shown) AS n_shown,
    sum(accepted) AS n_accepted,
    sum(dismissed) AS n_dismissed,
    sum(edit_ratio_10min IS NOT NULL) AS n_looked_10min,
    sum(coalesce(edit_ratio_10min <= 0.5, 0)) AS n_still_in_10min
FROM suggestion
GROUP BY model, model_sha256, quantisation, kind, language, day_utc;

-- The times of each answered suggestion, for the percentiles.
CREATE VIEW suggestion_time AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    substr(r.at_utc, 1, 10) AS day_utc,
    nullif(g.ttft_ms, 0) AS ttft_ms,
    nullif(g.total_ms, 0) AS total_ms,
    CASE
        WHEN g.completion_tokens > 0 THEN g.completion_tokens * 1000.0 / nullif(g.decode_ms, 0)
    END AS decode_tok_s
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN generated AS g ON g.suggestion_id = r.suggestion_id
WHERE g.finish_reason <> 'cancelled';
