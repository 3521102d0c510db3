from __future__ import annotations

import pytest

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.shell import shell_facts
from support.manuals import WrittenManual


def facts_of(text: str) -> tuple[Fact, ...]:
    """Return the facts of all of a script, by the manual that is written for tests."""
    return shell_facts(text, Span(start=0, end=len(text)), WrittenManual())


def options(text: str) -> list[str]:
    """Return the option facts as ``command flag``."""
    return [f"{fact.of} {fact.subject}" for fact in facts_of(text) if fact.kind is FactKind.OPTION]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Clusters, attached and following arguments.
        ("xargs -0r", ["xargs -0", "xargs -r"]),
        ("xargs -r0 -n1 -P 4", ["xargs -r", "xargs -0", "xargs -n", "xargs -P"]),
        ("xargs -0n1", ["xargs -0", "xargs -n"]),
        ("xargs -I{} echo {}", ["xargs -I"]),
        ("xargs -i", ["xargs -i"]),
        ('xargs -P"$n" -0', ["xargs -P", "xargs -0"]),
        ("sort -t, -k2,2nr -u", ["sort -t", "sort -k", "sort -u"]),
        ("sort -t '-u' -n", ["sort -t", "sort -n"]),
        ("sort -t -u", ["sort -t"]),
        ("sort file -u", ["sort -u"]),
        ("sort -- -u", []),
        ("sort -uz", []),
        ("sort -z -u", ["sort -u"]),
        ("cut -d: -f1,3-", ["cut -d", "cut -f"]),
        ("sed -ne p f", ["sed -n", "sed -e"]),
        ("sed -i.bak -e p", ["sed -i", "sed -e"]),
        ("sed -i -e p", ["sed -i", "sed -e"]),
        ("git commit -am 'x -m'", ["git commit -a", "git commit -m"]),
        ("git -C d commit -a", ["git -C", "git commit -a"]),
        ("git --git-dir=x commit --all", ["git --git-dir", "git commit --all"]),
        # Long options.
        (
            "xargs --null --max-args=2 --max-procs 3",
            [
                "xargs --null",
                "xargs --max-args",
                "xargs --max-procs",
            ],
        ),
        ("grep --incl='*.c' x", ["grep --incl"]),
        ("xargs --max=3", []),
        ("grep --nonsense --ignore-case", ["grep --ignore-case"]),
        ("grep --color x --col=auto", ["grep --color", "grep --col"]),
        ('grep --include="$x" -i', ["grep --include", "grep -i"]),
        # Numbers.
        ("head -5 f", ["head -5"]),
        ("tail -20 f", ["tail -20"]),
        ("grep -3 x", ["grep -3"]),
        ("grep -A3 x", ["grep -A"]),
        ("sort -5", []),
        ("grep -3 -i x", ["grep -3", "grep -i"]),
        ("comm -12 a b", ["comm -1", "comm -2"]),
        ("join -1 2 -2 -1 a", ["join -1", "join -2"]),
        # Names of which only one takes the argument.
        ("diff -u -r a b", ["diff -u", "diff -r"]),
        ("diff -U 3 -r a b", ["diff -U", "diff -r"]),
        ("wget -qO- u", ["wget -q", "wget -O"]),
        # Words after one dash.
        ("java -version -jar x.jar -v", ["java -version", "java -jar", "java -v"]),
        ("java -vx", []),
        ("java -verbose", []),
        # find.
        ("find . -type f -name '*.c' -print0", ["find -type", "find -name", "find -print0"]),
        ("find . -name -type -print0", ["find -name", "find -print0"]),
        ("find . -fprintf a b -type d", ["find -fprintf", "find -type"]),
        ("find . \\( -name a -o -name b \\)", ["find -name", "find -o"]),
        ("find . -exec rm -f {} \\;", ["find -exec", "rm -f"]),
        ("find . -exec rm -rf {} + -type f", ["find -exec", "rm -r", "rm -f", "find -type"]),
        ("find . -nonsense -type f", ["find -type"]),
        # Old styles.
        ("tar xzf a.tgz -C d", ["tar -x", "tar -z", "tar -f", "tar -C"]),
        ("tar -xzf a.tgz", ["tar -x", "tar -z", "tar -f"]),
        (
            "tar -czvf a.tgz --strip-components=1 b",
            [
                "tar -c",
                "tar -z",
                "tar -v",
                "tar -f",
                "tar --strip-components",
            ],
        ),
        ("tar cfC a.tar d x", ["tar -c", "tar -f", "tar -C"]),
        ("dd if=/dev/zero of=x", ["dd if=", "dd of="]),
        # Words that look like options and are none.
        ("chmod -x f", []),
        ("chmod -R -w f", ["chmod -R"]),
        ("kill -9 1", []),
        ("kill -HUP 1", []),
        ("test -f x", []),
        ("[ -f x ]", []),
        ("echo a -n", []),
        ("echo -n a", ["echo -n"]),
        # Builtins.
        ("set -euo pipefail", ["set -e", "set -u", "set -o pipefail"]),
        ("set -o errexit -x", ["set -o errexit", "set -x"]),
        ("set +e", ["set +e"]),
        ("set -- -e", []),
        ("read -rp 'a -a' x -a", ["read -r", "read -p"]),
        ("declare -gA m", ["declare -g", "declare -A"]),
        ("declare +x m", ["declare +x"]),
        ("shopt -s nullglob", ["shopt nullglob"]),
        # Commands inside commands.
        ("sudo -u bob rm -r x", ["sudo -u", "rm -r"]),
        ("timeout -k 5 10 rm -f x", ["timeout -k", "rm -f"]),
        ("env -i A=1 sort -u", ["env -i", "sort -u"]),
        ("docker run -it --rm img ls -l", ["docker run -i", "docker run -t", "docker run --rm"]),
        ("awk -F: '{print}' -v x=1", ["awk -F"]),
        ("xargs -0 sh -c 'rm -f \"$1\"' _", ["xargs -0", "rm -f"]),
        # Nobody knows.
        ("unknown -r", []),
        ("$cmd -r", []),
        ('"$x" -0', []),
    ],
)
def test_options_are_read_as_their_page_does(text: str, expected: list[str]) -> None:
    """Which word is an option, an argument or an operand follows from the page."""
    assert options(text) == expected


def test_an_option_of_the_page_that_another_takes_as_argument_is_none() -> None:
    """``-n -r`` of xargs is the number ``-r``, wrong as that is."""
    assert options("xargs -n -r") == ["xargs -n"]


def test_an_option_says_what_the_page_says() -> None:
    """The other names, the detail and the page come along; the span is the letter's place."""
    text = "é | xargs -0r"
    fact = next(fact for fact in facts_of(text) if fact.subject == "-r")
    assert fact.text == "runs nothing on empty input"
    assert fact.names == ("--no-run-if-empty",)
    assert fact.source == "xargs(1)"
    assert fact.detail == "runs nothing on empty input."
    assert fact.span is not None
    assert fact.span.of(text) == "r"
    zero = next(fact for fact in facts_of(text) if fact.subject == "-0")
    assert zero.span is not None
    assert zero.span.of(text) == "-0"


def test_forms_of_one_name_are_told_apart() -> None:
    """``-exec … +`` is not ``-exec … ;`` and ``-perm -x`` is not ``-perm x``."""
    texts = [fact.text for fact in facts_of("find . -exec rm {} + -exec ls {} \\; -perm -u+x")]
    assert "runs command for many files at once" in texts
    assert "runs command for each file" in texts
    assert "has all of the permissions mode" in texts


def test_an_option_that_is_given_twice_is_one_fact() -> None:
    """Of one command an option counts once, of two commands twice."""
    assert options("xargs -0 | xargs -0; rm -f a; rm -f b") == ["xargs -0", "rm -f"]


def test_options_of_another_part_are_left_out() -> None:
    """Only what lies in the span is told, and the command it belongs to."""
    text = "tar -x \\\n  -f a\nrm -r b\n"
    start = text.index("-f a")
    facts = shell_facts(text, Span(start=start, end=start + 4), WrittenManual())
    assert [(fact.kind, fact.subject) for fact in facts] == [
        (FactKind.COMMAND, "tar"),
        (FactKind.OPTION, "-f"),
    ]


@pytest.mark.parametrize(
    ("text", "subject", "said"),
    [
        ("ls", "ls", "list a folder"),
        ("git commit", "git commit", "record changes"),
        (
            "# Makes it neat.\nneat() { :; }\nneat x",
            "neat",
            "a function of this script (line 2): Makes it neat.",
        ),
        ("ls() { :; }\nls", "ls", "a function of this script (line 1)"),
        ("ls() { :; }\ncommand ls", "ls", "list a folder"),
    ],
)
def test_commands_are_named(text: str, subject: str, said: str) -> None:
    """A command is what its page says, or the script's own function unless that is passed over."""
    found = {fact.subject: fact.text for fact in facts_of(text) if fact.kind is FactKind.COMMAND}
    assert found[subject] == said
