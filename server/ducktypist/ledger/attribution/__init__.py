"""From observations to outcomes: where accepted text stands, and which test run speaks for it.

Nothing here has a clock, reads a file or asks anybody: time and texts are arguments, so that every
outcome can be worked out again.
"""
