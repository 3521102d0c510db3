"""The tell: how likely a suggestion is right, foretold before the outcome and scored after it.

``docs/tell.md`` says how; the specification's sources stand in each module.
"""
