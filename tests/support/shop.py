"""A small workspace and the scripted model that knows it: what most end-to-end tests use."""

SLOW_WORDS = " ".join(f"word{number}" for number in range(400))

RULES = [
    {"match": "def hangs_for_ever", "fail": "hang"},
    {"match": "def slowly", "reply": SLOW_WORDS, "delay_ms": 100},
    {"kind": "infill", "match": "def add_up", "reply": "return first + second"},
    {"kind": "infill", "match": "def shout", "reply": "return text.upper()"},
    {"kind": "chat", "match": "Explain .*def add_up", "reply": "It adds two numbers."},
    {"kind": "chat", "match": "Explain .*FINAL", "reply": "It is the final text."},
    {"kind": "chat", "match": "Explain ", "reply": "It prunes old things."},
    {"kind": "chat", "match": "Write the body.*def shout", "reply": "\n    return text.upper()\n"},
    {"kind": "text", "match": "def shout", "reply": "return text.upper()\n"},
]

SHOP = {
    "pytest.ini": "[pytest]\npythonpath = .\n",
    "shop/sums.py": (
        '"""Sums."""\n\n\ndef add_up(first: int, second: int) -> int:\n    return first - second\n'
    ),
    "shop/words.py": (
        "def shout(text: str) -> str:\n"
        '    """Return the text in capitals.\n\n'
        "    >>> shout('ab')\n    'AB'\n"
        '    """\n'
    ),
    "tests/test_sums.py": (
        "from shop.sums import add_up\n\n\n"
        "def test_adds() -> None:\n    assert add_up(2, 3) == 5\n\n\n"
        "def test_zero() -> None:\n    assert add_up(2, 0) == 2\n"
    ),
    "prune.sh": "set -e\nfind /tmp -mtime +7 | xargs rm -f\n",
}
"""A workspace with one red test, one documented empty function and one shell script."""
