-- What explanations claimed and how that stood: model × quantisation × kind × language.
--
-- Portable like 0007. A claim that nothing contradicts is not thereby true, and none of this is
-- accuracy.

DROP VIEW IF EXISTS claim_tally;
DROP VIEW IF EXISTS claim_case;

-- One explanation. A request that is missing leaves nothing to count it under.
CREATE VIEW claim_case AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    r.project_hash,
    substr(r.at_utc, 1, 10) AS day_utc,
    r.suggestion_id,
    c.n_confirmed,
    c.n_contradicted,
    c.n_unconfirmed,
    c.n_struck,
    c.n_shown_confirmed,
    c.n_shown_unconfirmed
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN claimed AS c ON c.suggestion_id = r.suggestion_id;

CREATE VIEW claim_tally AS
SELECT
    model,
    model_sha256,
    quantisation,
    kind,
    language,
    project_hash,
    day_utc,
    count(*) AS n_explanations,
    sum(n_confirmed) AS n_confirmed,
    sum(n_contradicted) AS n_contradicted,
    sum(n_unconfirmed) AS n_unconfirmed,
    sum(n_struck) AS n_struck,
    sum(n_shown_confirmed) AS n_shown_confirmed,
    sum(n_shown_unconfirmed) AS n_shown_unconfirmed
FROM claim_case
GROUP BY model, model_sha256, quantisation, kind, language, project_hash, day_utc;
