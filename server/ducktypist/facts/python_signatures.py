"""A Python signature in few characters: names and defaults, without annotations.

Pure functions of text; where signatures come from is ``python_jedi``'s business.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

MAX_SIGNATURE_CHARACTERS = 100
_ELIDED = "…"
_OPENING, _CLOSING = "([{", ")]}"
_MAX_DEFAULT_CHARACTERS = 20
_MAX_RETURN_CHARACTERS = 30


def parameters_of(signature: str) -> tuple[str, ...]:
    """Return the parameters of ``f(a: int, *, b=1)`` as written: ``a: int``, ``*``, ``b=1``."""
    opening = signature.find("(")
    if opening < 0:
        return ()
    parts, current, depth, quote = [], "", 0, ""
    for character in signature[opening + 1 :]:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
            if depth < 0:
                break
        elif character == "," and not depth:
            parts.append(current.strip())
            current = ""
            continue
        current += character
    return tuple(part for part in (*parts, current.strip()) if part)


def bare(parameter: str) -> str:
    """Return a parameter without its annotation: ``mode: str = "r"`` gives ``mode="r"``."""
    name, default = _split(parameter, ":")
    if default is None:
        name, default = _split(parameter, "=")
        return name if default is None else f"{name}={_short(default)}"
    _, value = _split(default, "=")
    return name if value is None else f"{name}={_short(value)}"


def name_of(parameter: str) -> str:
    """Return the name alone: ``args`` of ``*args: int``."""
    return bare(parameter).partition("=")[0].lstrip("*").strip()


def compact(signature: str, *, subject: str, used: Collection[str] = (), n_at_most: int = 0) -> str:
    """Return ``(src, dst, *, follow=True) -> str`` of a signature, shortened to fit.

    Parameters that are needed or used come in; others give way to ``…`` from the end.

    Args:
        signature: As jedi or a stub has it, with annotations.
        subject: The name in front, which counts towards the length.
        used: The keywords that the call gives.
        n_at_most: How long subject and signature may be; 100 by default.
    """
    limit = (n_at_most or MAX_SIGNATURE_CHARACTERS) - len(subject)
    parameters = [bare(one) for one in parameters_of(signature)]
    ending = _returning(signature)
    for tail in (ending, ""):
        whole = f"({', '.join(parameters)}){tail}"
        if len(whole) <= limit:
            return whole
    kept = list(range(len(parameters)))
    for index in reversed(range(len(parameters))):
        if len(_joined(parameters, kept)) <= limit:
            break
        is_needed = "=" not in parameters[index] and not parameters[index].startswith("*")
        if index and not is_needed and name_of(parameters[index]) not in used:
            kept.remove(index)
    return _joined(parameters, kept)


def fits(signature: str, *, n_positional: int, keywords: Collection[str], is_open: bool) -> bool:
    """Tell whether a call with so many arguments and these keywords can be meant.

    Args:
        signature: One overload's.
        n_positional: How many arguments stand without a name.
        keywords: The names of the others.
        is_open: Whether there are more that the code does not show.
    """
    parameters = parameters_of(signature)
    names = [name_of(one) for one in parameters]
    takes_any = any(one.startswith("**") for one in parameters)
    if not takes_any and any(keyword not in names for keyword in keywords):
        return False
    star = next((i for i, one in enumerate(parameters) if one.startswith("*")), len(parameters))
    takes_more = star < len(parameters) and len(parameters[star].strip("*")) > 0
    positional = [one for one in parameters[:star] if one != "/"]
    if n_positional > len(positional) and not takes_more:
        return False
    given = {*[name_of(one) for one in positional[:n_positional]], *keywords}
    needed = [
        name_of(one)
        for one in parameters
        if "=" not in bare(one) and one != "/" and not one.startswith("*")
    ]
    return is_open or all(one in given for one in needed)


def best(signatures: Sequence[str], *, n_positional: int, keywords: Collection[str]) -> int:
    """Return the index of the overload that a call is likely to mean; the first for none."""
    for index, signature in enumerate(signatures):
        if fits(signature, n_positional=n_positional, keywords=keywords, is_open=False):
            return index
    return 0


def _joined(parameters: Sequence[str], kept: Sequence[int]) -> str:
    parts: list[str] = []
    for index, parameter in enumerate(parameters):
        if index in kept:
            parts.append(parameter)
        elif not parts or parts[-1] != _ELIDED:
            parts.append(_ELIDED)
    if parts[-1:] == ["*"] or parts[-2:] == ["*", _ELIDED]:
        parts = [*parts[: parts.index("*")], _ELIDED]
    return f"({', '.join(parts)})"


def _returning(signature: str) -> str:
    """Return ``-> str`` with a blank in front where it says something to a person."""
    _, arrow, annotation = signature.rpartition(") -> ")
    annotation = annotation.strip().strip("'\"").replace("LiteralString", "str")
    words = annotation.replace("[", " ").replace("]", " ").replace(",", " ").split()
    # Names of type variables and of a stub's own types would mean nothing.
    is_private = any(
        word.lstrip("|").startswith("_") or word.endswith(("T", "AnyStr")) for word in words
    )
    if not arrow or is_private or len(annotation) > _MAX_RETURN_CHARACTERS:
        return ""
    return f" -> {annotation}" if annotation not in {"", "Any", "Self"} else ""


def _split(text: str, mark: str) -> tuple[str, str | None]:
    """Split at the first ``mark`` outside of brackets and quotes."""
    depth, quote = 0, ""
    for index, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif character == mark and not depth:
            return text[:index].strip(), text[index + 1 :].strip()
    return text.strip(), None


def _short(default: str) -> str:
    return default if len(default) <= _MAX_DEFAULT_CHARACTERS else _ELIDED
