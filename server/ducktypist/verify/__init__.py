"""Running what a model wrote, without trusting it, and judging what came of it.

``sandbox`` runs a program on an overlay of the workspace, the runners and ``examples`` ask it
something, ``guard`` refuses cheats by their looks, ``verdict`` turns reports into a verdict.
Not here: what to run and when (``features``), and what the user is told (``lsp``).
"""
