"""Written forms of several words of manuals, each with the one word that stands for it.

In the order in which they are replaced. The words are told apart and put together in ``lexicon``.
"""

from __future__ import annotations

import re

_FORMS = (
    ("casefold", r"regardless of (?:their |the )?case"),
    ("casefold", r"case[- ]insensitiv\w*"),
    ("casefold", r"insensitive to case"),
    ("casefold", r"(?:ignor|disregard)\w* (?:the |letter |differences in )*case(?: distinctions)?"),
    ("casefold", r"without (?:regard to|considering) case"),
    ("casefold", r"(?:fold|convert|chang)\w* (?:\w+ )?lower ?case (?:\w+ )?(?:in)?to upper ?case"),
    ("casesense", r"case[- ]sensitiv\w*"),
    ("nul", r"(?:ascii )?(?:nul+|zero)[- ](?:byte|char\w*|terminat\w*|separat\w*|delimit\w*)s?"),
    ("nul", r"(?:nul|null)s?"),
    ("nul", r"zero bytes?"),
    ("filename", r"(?:file|path) ?names?"),
    ("filename", r"names? of (?:the |each |every )?(?:\w+ )?files?"),
    ("linenumber", r"line[- ]numbers?"),
    ("stdin", r"(?:standard|std) ?input"),
    ("stderr", r"standard error(?: output)?"),
    ("stderr", r"error output"),
    ("stdout", r"(?:standard|std) ?output"),
    ("regex", r"(?:regular expressions?|regexp?s?|regexes)"),
    ("symlink", r"(?:(?:symbolic|soft) links?|symlinks?)"),
    ("inplace", r"in[- ]?place"),
    ("humanread", r"human[- ]readable"),
    ("recursive", r"sub-?(?:directory|directories|folders?)"),
    ("recursive", r"directory tree"),
    ("nonempty", r"(?:contains?|has) any non-?blanks?"),
    ("empty", r"(?:no|not any|nothing in|without(?: any)?) (?:\w+ )?(?:input|arguments|items)"),
    ("nonempty", r"non-?empty"),
    ("not", r"non-(?=[a-z])"),
    ("not verify", r"insecure(?:ly)?"),
    ("not verify", r"unverified"),
    ("parallel", r"(?:at the same time|in parallel|simultaneous\w*|concurrent\w*)"),
    ("parallel", r"process(?:es)? at a time"),
    ("per", r"at a time"),
    ("", r"(?:to be|that (?:is|are|was|were)) (?:created|found|given|used|saved)"),
    ("", r"in (?:conjunction|combination)"),
    ("commandline", r"command[- ]lines?"),
    ("worktree", r"work(?:ing )?(?:tree|copy|directory)"),
    ("count", r"numbers? of"),
    ("unique", r"(?:remov|delet|eliminat|drop|filter|suppress)\w* (?:any |all |the )?duplicate\w*"),
    ("reverse", r"(?:descending|decreasing)"),
    ("single", r"one[- ]by[- ]one"),
    ("whole", r"as (?:one|a single|an? entire|a whole)"),
)
PHRASES = tuple(
    (
        re.compile(rf"\b{form}(?!\w)" if not form.endswith(")") else rf"\b{form}", re.IGNORECASE),
        f" {word} ",
    )
    for word, form in _FORMS
)
"""Patterns and what stands for them."""
