"""A team's ledgers in one PostgreSQL database: the same tables, the same views.

Only this package speaks to PostgreSQL. A person's own ledger stays the SQLite file; nothing is
written here unless somebody runs ``ducktypist ledger push``.
"""
