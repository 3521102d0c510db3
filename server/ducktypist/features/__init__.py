"""What a person asks for, in an editor's words: explain, complete, write a body, fix.

No protocol library, database or process is imported here.
"""
