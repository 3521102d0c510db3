"""The state of an installation, line by line, each with what to do about it; knows no editor.

A check looks and says; it repairs nothing and never runs anything of a workspace. Those that build
concrete objects hand in the settings and the engine (``subject``), and show what was found.
"""
