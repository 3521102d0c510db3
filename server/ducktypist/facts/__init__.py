"""What is known of a piece of code without asking a model: each fact with its source.

Nothing of the workspace is run or imported, and nothing is guessed: where a thing is not known
there is no fact. What a prose says beside these is ``claims``' business, what is shown is
``features.explain``'s.
"""
