"""What a model takes of a machine and how fast it will be: arithmetic with reasons.

Nothing here reads a file, asks the machine or takes memory for a model. Those who know hand in
values: ``models.shape`` what a file's header says, ``models.machine`` what there is.
"""
