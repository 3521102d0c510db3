"""Editing histories with known truth, and how much of it following and attribution find out.

The truth is known because each character of a suggestion is tagged when it is accepted and keeps
its tag through everything that happens; nothing here asks the code that is measured.
"""
