"""Which Python functions are only declared, for others to implement: no body is to be written.

Tells it by the function's own file alone: what a base class from elsewhere means is not known here.
The other languages' declarations have no braces, so they are no functions to begin with.
"""

from __future__ import annotations

import re

from ducktypist.syntax import python
from ducktypist.syntax.model import FunctionRegion
from ducktypist.syntax.parse import parse

_DECLARING = re.compile(r"@[\w.]*\b(?:abstractmethod|abstractproperty|overload)\b")
_PROTOCOL = re.compile(r"\bProtocol\b")


def is_only_declared(text: str, language: str, function: FunctionRegion) -> bool:
    """Tell whether a function is abstract, one of several overloads, or a protocol's member."""
    if function.language != "python":
        return False
    if _DECLARING.search(text, function.span.start, function.signature.start):
        return True
    tree = parse(text, language) if function.class_name is not None else None
    if tree is None:
        return False
    bases = python.class_bases(tree).get(function.class_name or "", "")
    return _PROTOCOL.search(bases) is not None
