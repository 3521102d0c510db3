-- What explanations claimed and how that stood: model × quantisation × kind × language.
--
-- Portable like 0007. A claim that nothing contradicts is not thereby true, and none of this is
-- accuracy.

DROP VIEW IF EXISTS claim_tally;

CREATE VIEW claim_tally AS
SELECT
    m.name AS model,
    m.sha256 AS model_sha256,
    m.quantisation,
    r.kind,
    r.language,
    r.project_hash,
    substr(r.at_utc, 1, 10) AS day_utc,
    count(*) AS n_explanations,
    sum(c.n_confirmed) AS n_confirmed,
    sum(c.n_contradicted) AS n_contradicted,
    sum(c.n_unconfirmed) AS n_unconfirmed,
    sum(c.n_struck) AS n_struck,
    sum(c.n_shown_confirmed) AS n_shown_confirmed,
    sum(c.n_shown_unconfirmed) AS n_shown_unconfirmed
FROM requested AS r
JOIN model AS m ON m.model_id = r.model_id
JOIN claimed AS c ON c.suggestion_id = r.suggestion_id
GROUP BY m.name, m.sha256, m.quantisation, r.kind, r.language, r.project_hash,
    substr(r.at_utc, 1, 10);
