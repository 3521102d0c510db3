"""The ledger: what every suggestion turned out to be worth, kept append-only in one SQLite file.

``events`` says what can happen, ``store`` writes it without ever failing a request, ``reading``
and ``stats`` make numbers of it, ``report_rows`` makes the table that is shown. Nothing here
decides what a suggestion is worth beyond the label rules in ``sql/0002_views.sql``. Import from
the modules; this one stays empty, so that naming an event does not load SQLite.
"""
