"""Takes out of a text what a public issue must not hold: paths, names, addresses, keys.

Pure. It takes out too much rather than too little: of a path only those parts stay that everybody's
installation has. A name in prose that nobody told this module of cannot be recognised.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ducktypist.doctor import vocabulary
from ducktypist.doctor.vocabulary import PUBLIC_ROOTS, PUBLIC_WORDS

HOME, WORKSPACE, PLACE = "~", "WORKSPACE", "PLACE"
USER, HOST, EMAIL, ADDRESS, SECRET, MODEL = "USER", "HOST", "EMAIL", "ADDRESS", "SECRET", "MODEL"
LEFT_OUT = "…"
MIN_NAME_CHARS = 2
"""A name of one letter would take letters out of words that merely stand alone."""
MIN_SECRET_CHARS = 16
"""Random letters and digits in one piece; version numbers and model names are shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """What is private on this machine."""

    home: str
    workspaces: Sequence[str]
    """The folder that was looked at, and others whose names may be told of."""
    places: Sequence[str] = ()
    """Other paths that may be told of: those of the settings and of the environment."""
    user: str = ""
    hosts: Sequence[str] = ()
    models: Sequence[str] = ()
    """Names of models that are not in the catalogue."""
    secrets: Sequence[str] = ()
    """Keys themselves."""
    catalogued: frozenset[str] = frozenset()
    """The models that everybody knows."""


def redacted(text: str, private: Private) -> str:
    """Return a text without what is private in it."""
    text = unicodedata.normalize("NFC", text)
    text = _replaced(text, private.secrets, SECRET, is_part=True)
    text = _URL.sub(_url, text)
    text = _BEARER.sub(rf"\1 {SECRET}", text)
    text = _NAMED_SECRET.sub(rf"\1{SECRET}", text)
    text = _KNOWN_SECRET.sub(SECRET, text)
    text = _EMAIL.sub(EMAIL, text)
    text = _replaced(text, _variants(private.workspaces), WORKSPACE)
    text = _replaced(text, _variants(private.places), PLACE)
    text = _replaced(text, _variants([private.home]), HOME)
    text = _replaced(text, private.models, MODEL)
    for pattern in (_WINDOWS_PATH, _NETWORK_PATH, _KNOWN_PATH, _POSIX_PATH):
        text = pattern.sub(lambda match: _path(match, private.catalogued), text)
    text = _replaced(text, _names(map(_last, private.workspaces)), WORKSPACE)
    text = _replaced(text, _names([private.user, _last(private.home)]), USER)
    text = _replaced(text, _names(private.hosts), HOST)
    text = _ADDRESS.sub(_address, text)
    text = _LONG_BASE64.sub(_long_word, text)
    return _LONG_WORD.sub(_long_word, text)


# ------------------------------------------------------------------ what is known to be private


def _replaced(text: str, needles: Iterable[str], word: str, *, is_part: bool = False) -> str:
    """Replace each needle, in any case; as a part of a longer word only where asked."""
    wanted = sorted({unicodedata.normalize("NFC", item) for item in needles if item}, key=len)
    if not wanted:
        return text
    found = "|".join(re.escape(item) for item in reversed(wanted))
    pattern = found if is_part else rf"(?<!\w)(?:{found})(?!\w)"
    return re.sub(pattern, word.replace("\\", r"\\"), text, flags=re.IGNORECASE)


def _variants(paths: Iterable[str]) -> list[str]:
    """Return the ways in which messages write a path: as it is, quoted, escaped, as an address."""
    found: list[str] = []
    for given in paths:
        path = given.rstrip("/\\")
        if len(path) < MIN_NAME_CHARS or path in PUBLIC_ROOTS:
            continue
        for form in (path, path.replace("\\", "/"), quote(path.replace("\\", "/"), safe="/:")):
            doubled = form.replace("\\", "\\\\")
            found += [form, doubled, ascii(form)[1:-1], ascii(doubled)[1:-1]]
    return found


def _names(names: Iterable[str]) -> list[str]:
    return [
        name
        for name in names
        if len(name) >= MIN_NAME_CHARS and name.casefold() not in PUBLIC_WORDS
    ]


def _last(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


# ------------------------------------------------------------------ paths

_POSIX_PART = r"""(?:[^\s/\\"'`<>|:;,()\[\]{}=]|(?<=\w)'(?=\w))+"""
_SPACED_PART = rf"{_POSIX_PART}(?: {_POSIX_PART})*"
# A part with spaces counts where another separator follows; the last one ends at a space.
_POSIX_TAIL = rf"(?:/(?:{_SPACED_PART}(?=/)|{_POSIX_PART})?)+"
_WINDOWS_PART = r"""(?:[^\\/:*?"'<>|;,\r\n]|(?<=\w)'(?=\w))*"""
_WINDOWS_TAIL = rf"(?:[\\/]+{_WINDOWS_PART})+"
_POSIX_PATH = re.compile(rf"(?<![\w:/.…~])()(?=/[^/\s]){_POSIX_TAIL}")
_WINDOWS_PATH = re.compile(rf"(?<![A-Za-z])([A-Za-z]:){_WINDOWS_TAIL}")
_NETWORK_PATH = re.compile(rf"(?<![\w\\])()\\\\(?=\w){_WINDOWS_PART}(?:{_WINDOWS_TAIL})?")
_KNOWN_PATH = re.compile(
    rf"(?<!\w)({HOME}|{WORKSPACE}|{PLACE})(?:(?=/){_POSIX_TAIL}|(?=\\){_WINDOWS_TAIL})"
)


def _path(match: re.Match[str], models: frozenset[str]) -> str:
    """Return a path with those parts only that everybody has."""
    whole, base = match[0], match[1] or ""
    public = next((root for root in PUBLIC_ROOTS if _is_below(whole, root)), None)
    if public is not None:
        return whole
    if base not in {HOME, WORKSPACE, PLACE}:
        base = PLACE
    parts = [part for part in re.split(r"[/\\]+", whole.removeprefix(match[1] or "")) if part]
    kept = [part if vocabulary.is_everybodys(part, models) else LEFT_OUT for part in parts]
    if base == PLACE and kept and kept[0] == LEFT_OUT:
        kept = kept[1:]
    return "/".join([base, *kept])


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(f"{root}/")


# ------------------------------------------------------------------ addresses

_URL = re.compile(r"""\b[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>`]+""")
_EMAIL = re.compile(r"""[^\s@<>"'()\[\]{}/\\:;,=|]+@[^\s@<>"'()\[\]{}/\\:;,=|]+""")
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.:])"
)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _url(match: re.Match[str]) -> str:
    """Return scheme, port and, where it is nobody's, the host; the rest is a place for secrets."""
    whole = match[0]
    scheme = whole.partition(":")[0]
    try:
        parts = urlsplit(whole)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{scheme}://{HOST}/{LEFT_OUT}"
    named = host if host in _LOOPBACK or host in vocabulary.PUBLIC_HOSTS else HOST
    named = f"[{named}]" if ":" in named else named
    rest = f"/{LEFT_OUT}" if parts.path.strip("/") or parts.query or parts.fragment else ""
    return f"{scheme}://{named}" + (f":{port}" if port else "") + rest


def _address(match: re.Match[str]) -> str:
    try:
        found = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    return match[0] if found.is_loopback or found.is_unspecified else ADDRESS


# ------------------------------------------------------------------ secrets

_BEARER = re.compile(r"\b(Bearer|Basic)\s+[^\s\"',;]+", re.IGNORECASE)
_NAMED_SECRET = re.compile(
    r"""((?:api[_-]?key|token|secret|passw(?:or)?d|passphrase|pwd|authorization|credential)"""
    r"""["']?\s*(?:=|:)\s*["']?)(?!Bearer\b|Basic\b|SECRET\b|null\b)[^\s"',;]+""",
    re.IGNORECASE,
)
_KNOWN_SECRET = re.compile(
    r"\b(?:sk|pk|rk|hf|npm|gh[opusr]|github_pat|glpat|xox[abeoprs]|AKIA|ASIA|AIza|ya29|eyJ)"
    r"[-_.A-Za-z0-9+/=]*[0-9A-Za-z]{8,}[-_.A-Za-z0-9+/=]*"
)
_LONG_WORD = re.compile(rf"[A-Za-z0-9+=]{{{MIN_SECRET_CHARS},}}")
# Base64 has slashes, and so have paths, which by now begin with a mark or a separator.
_LONG_BASE64 = re.compile(r"(?<![\w./~…\\])(?!WORKSPACE|PLACE)[A-Za-z0-9+][A-Za-z0-9+/=]{31,}")
_SHORTENED_HASH_CHARS = 12


def _long_word(match: re.Match[str]) -> str:
    """Take out what looks drawn at random; of a hash so much stays that it can be compared."""
    word = match[0]
    has_both = any(c.isdigit() for c in word) and any(c.isalpha() for c in word)
    if not has_both:
        return word
    if re.fullmatch(r"[0-9a-f]{64}", word):
        return f"{word[:_SHORTENED_HASH_CHARS]}{LEFT_OUT}"
    return SECRET
