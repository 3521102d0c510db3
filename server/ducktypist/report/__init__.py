"""The report: what the ledger knows, as one HTML file that needs nothing beside itself.

``content`` reads the ledger's views into values, ``charts`` draws some of them, ``page`` puts them
into the template. Nothing is counted here: every number comes from a view or from ``ledger.stats``
and ``ledger.tell``. Import from the modules; this one stays empty.
"""
