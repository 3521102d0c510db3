"""The ledger measured: a large one read and written, a writer killed, files that fail."""
