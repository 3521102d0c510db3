-- How many tokens of an answer were drafted from its prompt, and how many of those the model took.
ALTER TABLE generated ADD COLUMN drafted_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generated ADD COLUMN accepted_tokens INTEGER NOT NULL DEFAULT 0;
