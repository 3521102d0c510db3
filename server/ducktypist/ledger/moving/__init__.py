"""The ledger's rows leaving and arriving: export, import, purge, check and backup.

What is exported is described in ``dictionary``; nothing here computes a figure.
"""
