"""The resident model: its process, its wire, and the client that windows talk to it with.

``engine.client`` is the only module that other packages import. ``engine.host`` is a process of
its own and is started by name. Knows nothing of Python code, tests or the ledger: tokens in,
tokens out.
"""
