from __future__ import annotations

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.manual import Manual
from ducktypist.facts.shell import shell_facts

LINES = [
    ("find . -type f -name '*.c' -mtime +7 -print0", "-type -name -mtime -print0"),
    ("find . -iname x -o -newer y -delete", "-iname -o -newer -delete"),
    ("find / -xdev -maxdepth 2 -size +1M -exec rm {} +", "-xdev -maxdepth -size -exec"),
    ("xargs -0 -r -n1 -P4 rm", "-0 -r -n -P"),
    ("xargs -I{} mv {} d", "-I"),
    ("sed -n -E -i.bak -e p f", "-n -E -i -e"),
    ("sed -ri s/a/b/ f", "-r -i"),
    ("awk -F: -v x=1 '{print}' f", "-F -v"),
    ("grep -rnw --include='*.py' -e x .", "-r -n -w --include -e"),
    ("grep -oiE -A2 -B3 -C1 -m1 x f", "-o -i -E -A -B -C -m"),
    ("grep -qvxFf list f", "-q -v -x -F -f"),
    ("tar -czvf a.tgz -C d .", "-c -z -v -f -C"),
    ("tar xjf a --strip-components=1 --exclude=x", "-x -j -f --strip-components --exclude"),
    ("rsync -avzn --delete -e ssh a b", "-a -v -z -n --delete -e"),
    ("curl -fsSL -o x -H 'A: b' -X POST -d @f u", "-f -s -S -L -o -H -X -d"),
    ("git commit -am x --amend --no-verify", "-a -m --amend --no-verify"),
    ("git log --oneline --graph -n5", "--oneline --graph -n"),
    ("git push -u origin x --force-with-lease", "-u --force-with-lease"),
    ("git reset --hard", "--hard"),
    ("sort -t, -k2,2nr -u -o f f", "-t -k -u -o"),
    ("set -euo pipefail", "-e -u -o pipefail"),
    ("read -rp x -a y", "-r -p -a"),
    ("mapfile -td '' a", "-t -d"),
    ("declare -Ax m", "-A -x"),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_everyday_options_are_known_without_any_manual_page(line: str, expected: str) -> None:
    """Our own summaries know the options of everyday lines, in their order and no others."""
    manual = Manual(page_dirs=(), cache_dir=None)
    facts = shell_facts(line, Span(start=0, end=len(line)), manual)
    name = line.split(maxsplit=1)[0]
    of = " ".join(line.split()[:2]) if name == "git" else name
    found = [fact.subject for fact in facts if fact.kind is FactKind.OPTION and fact.of == of]
    assert " ".join(found) == expected


def of(line: str) -> tuple[Fact, ...]:
    """Return the facts of a line that are the same on every machine."""
    manual = Manual(page_dirs=(), cache_dir=None)
    return shell_facts(line, Span(start=0, end=len(line)), manual)


def test_the_question_of_the_repeated_command() -> None:
    """``-r`` of xargs is about empty input; nothing is repeated."""
    line = "find . -print0 | xargs -0 -r rm --"
    manual = Manual(page_dirs=(), cache_dir=None)
    facts = shell_facts(line, Span(start=0, end=len(line)), manual)
    (fact,) = [found for found in facts if found.subject == "-r" and found.of == "xargs"]
    assert "--no-run-if-empty" in fact.names
    assert fact.text.startswith("does not run the command")
    assert fact.source == "bundled summary of xargs"


@pytest.mark.parametrize(
    ("line", "subject", "text"),
    [
        ("echo 'kept the newest' \"$n\"", "echo …", "prints: kept the newest $n"),
        ("echo -n a", "echo …", "prints: a (without a line break at the end)"),
        (r"printf '%s\n' a b", r"'%s\n'", "a string, then a line break; it is used again"),
        ("printf '%5d|%-3s' 1 x", "'%5d|%-3s'", "the form of what is printed: a whole number, a s"),
        ("exit 64", "exit 64", "ends the script with status 64 (failure)"),
        ("return 0", "return 0", "ends the function with status 0 (success)"),
        ("getopts :xg: opt", "getopts :xg:", "takes -x, -g with an argument; its own error"),
        ("x=$(($1 / 100))", "$(($1 / 100))", "the integer that $1 / 100 evaluates to"),
    ],
)
def test_what_a_script_prints_and_how_it_ends(line: str, subject: str, text: str) -> None:
    """Literal text, forms, statuses and option letters are said as they stand there."""
    found = {fact.subject: fact.text for fact in of(line)}
    assert text in found[subject]


@pytest.mark.parametrize("line", ["exit", 'exit "$status"', "exit 1x", "echo", "printf", "getopts"])
def test_what_is_not_in_the_text_is_not_said(line: str) -> None:
    """A status, a form or a text that only a run would tell has no fact."""
    assert not [fact for fact in of(line) if fact.source == "POSIX.1-2024, XCU 3"]
