"""What a shell text consists of: commands, their words and redirections, and its constructs.

Pure functions of text over the grammar of bash. What any of it means is not known here; that is
``facts.shell``'s. Broken text gives what can be recognised in it and never raises.
"""

from ducktypist.syntax.shell.commands import commands
from ducktypist.syntax.shell.constructs import constructs
from ducktypist.syntax.shell.functions import ShellFunction, functions
from ducktypist.syntax.shell.model import (
    Assignment,
    Command,
    Construct,
    ConstructKind,
    HereDocument,
    Redirection,
    Word,
)

__all__ = [
    "Assignment",
    "Command",
    "Construct",
    "ConstructKind",
    "HereDocument",
    "Redirection",
    "ShellFunction",
    "Word",
    "commands",
    "constructs",
    "functions",
]
