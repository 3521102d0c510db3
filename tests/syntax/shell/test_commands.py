from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Span
from ducktypist.syntax.shell import Command, commands


def shown(command: Command) -> str:
    """Write a command down: what it is within, its name, its own words."""
    outer = f"{command.within.name} {command.via}> " if command.within else ""
    return outer + " ".join((command.name or "?", *(word.text for word in command.words)))


CASES = [
    ("ls -l a", ["ls -l a"]),
    ("/usr/bin/ls", ["ls"]),
    ("$cmd -x", ["? -x"]),
    ('"my tool" -x', ["? -x"]),
    ("a; b && c || d & e", ["a", "b", "c", "d", "e"]),
    ("a | b |& c", ["a", "b", "c"]),
    ("ls \\\n  -l \\\n  -a", ["ls -l -a"]),
    (
        "echo $(date +%s) `id -u`",
        ["echo $(date +%s) `id -u`", "echo $(> date +%s", "echo $(> id -u"],
    ),
    ("diff <(a x) >(b)", ["diff <(a x) >(b)", "diff <(> a x", "diff >(> b"]),
    ("x=$(a $(b))", ["a $(b)", "a $(> b"]),
    ("xargs -0 -n 1 grep -l x", ["xargs -0 -n 1", "xargs xargs> grep -l x"]),
    ("xargs -I{} mv {} d", ["xargs -I{}", "xargs xargs> mv {} d"]),
    ("xargs", ["xargs"]),
    ("xargs -rn 1 -P4 a b", ["xargs -rn 1 -P4", "xargs xargs> a b"]),
    ("sudo -nu bob a", ["sudo -nu bob", "sudo sudo> a"]),
    (
        "find . -name x -exec rm -f {} \\; -print",
        ["find . -name x -exec \\; -print", "find -exec> rm -f {}"],
    ),
    ("find . -exec grep x {} + -ls", ["find . -exec + -ls", "find -exec> grep x {}"]),
    ("find . -exec expr 1 + 2 \\;", ["find . -exec \\;", "find -exec> expr 1 + 2"]),
    (
        "sudo -u bob env A=1 -i timeout -k 5 10 nice -n 5 ls -l",
        [
            "sudo -u bob",
            "sudo sudo> env A=1 -i",
            "env env> timeout -k 5 10",
            "timeout timeout> nice -n 5",
            "nice nice> ls -l",
        ],
    ),
    ("sudo -l", ["sudo -l"]),
    ("command -v git", ["command -v git"]),
    ("nohup a -b", ["nohup", "nohup nohup> a -b"]),
    ("time -p ls", ["time -p", "time time> ls"]),
    ("exec a -b", ["exec", "exec exec> a -b"]),
    ("trap 'rm -f \"$t\"' EXIT", ["trap 'rm -f \"$t\"' EXIT", 'trap trap> rm -f "$t"']),
    ("trap - EXIT", ["trap - EXIT"]),
    ("sh -ec 'ls | wc'", ["sh -ec 'ls | wc'", "sh sh -c> ls", "sh sh -c> wc"]),
    ("bash script -c 'x y'", ["bash script -c 'x y'"]),
    (
        "xargs sh -c 'echo $(a)' _",
        ["xargs", "xargs xargs> sh -c 'echo $(a)' _", "sh sh -c> echo $(a)", "echo $(> a"],
    ),
    ("if ! a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
    ("while read -r x; do a; done < <(b)", ["read -r x", "a", "b"]),
    ("case $1 in a|b) c ;; *) d ;;& esac", ["c", "d"]),
    ("f() { local a=1; g; }", ["local a=1", "g"]),
    ("export A=1 B", ["export A=1 B"]),
    ("unset -f g", ["unset -f g"]),
    ("echo a > f b", ["echo a b"]),
    ("cat <<E -n\nx\nE\n", ["cat -n"]),
    ("a <> f; b", ["a", "b"]),
    ("echo @(a|b).txt; b", ["echo @(a|b).txt", "b"]),
    ('[ "$a" \\< b ] && c', ["c"]),
    ("coproc { a; }; b", ["a", "b"]),
    ('echo "a $(b "c d")"', ['echo "a $(b "c d")"', 'echo $(> b "c d"']),
    ("a=1", []),
    ("# a b", []),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_commands_are_found_with_their_own_words(text: str, expected: list[str]) -> None:
    """Each command has its own words only, and knows which one runs it."""
    assert [shown(found) for found in commands(text)] == expected


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_spans_point_at_the_source(text: str, expected: list[str]) -> None:
    """Every word lies where it says, also inside texts for another shell and after an umlaut."""
    text = f"# ä😀\n{text}"
    found = commands(text)
    assert len(found) == len(expected)
    for command in found:
        assert command.name_span.of(text).rpartition("/")[2].strip("\"'").endswith(command.name)
        for word in command.words:
            assert word.span.of(text) == word.text


@pytest.mark.parametrize(
    ("text", "title", "pages"),
    [
        ("git commit -m x", "git commit", ("git-commit", "git")),
        ("git -C d --git-dir=x log", "git log", ("git-log", "git")),
        ("git --version", "git", ("git",)),
        ('git "$sub"', "git", ("git",)),
        (
            "docker compose -f x up -d",
            "docker compose",
            ("docker-compose", "docker"),
        ),
        (
            "docker compose up",
            "docker compose up",
            ("docker-compose-up", "docker-compose", "docker"),
        ),
        ("docker run -it x sh", "docker run", ("docker-run", "docker")),
        ("ip a", "ip a", ("ip-address", "ip")),
        ("gawk x", "gawk", ("gawk", "awk")),
        (". x", ".", (".", "source")),
        ("tar xf a", "tar", ("tar",)),
    ],
)
def test_subcommands_name_their_pages(text: str, title: str, pages: tuple[str, ...]) -> None:
    """A tool's subcommand is known past the tool's own options, and its page comes first."""
    (command,) = commands(text)
    assert command.title == title
    assert command.page_names == pages


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b | c", [("a", 0, 3), ("b", 1, 3), ("c", 2, 3)]),
        ("a >x | b 2>&1 | c", [("a", 0, 3), ("b", 1, 3), ("c", 2, 3)]),
        ("cat <<E | sort | uniq\nx\nE\n", [("cat", 0, 3), ("sort", 1, 3), ("uniq", 2, 3)]),
        ("a; b | c", [("a", 0, 1), ("b", 0, 2), ("c", 1, 2)]),
        ("a | while read x; do b; done", [("a", 0, 2), ("read", 0, 1), ("b", 0, 1)]),
    ],
)
def test_commands_know_their_place_in_a_pipeline(
    text: str, expected: list[tuple[str, int, int]]
) -> None:
    """Redirections and here-documents between the parts do not hide the pipeline."""
    assert [(c.name, c.pipe_index, c.n_piped) for c in commands(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a >x 2>&1", [("", ">", "x"), ("2", ">&", "1")]),
        ("a 2>/dev/null", [("2", ">", "/dev/null")]),
        ("2>&1 >x a", [("2", ">&", "1"), ("", ">", "x")]),
        ("a &>> x", [("", "&>>", "x")]),
        ("a 3<> x", [("3", "<>", "x")]),
        ("a >| x", [("", ">|", "x")]),
        ("a <<< $x", [("", "<<<", "$x")]),
        ("exec 3>&- 4<&0", [("3", ">&-", None), ("4", "<&", "0")]),
        ('a >&"$fd"', [("", ">&", '"$fd"')]),
        ("exec {log}>x", [("{log}", ">", "x")]),
        ("a <<'E' >x\nb\nE\n", [("", "<<", "'E'"), ("", ">", "x")]),
    ],
)
def test_redirections_stand_in_order(
    text: str, expected: list[tuple[str, str, str | None]]
) -> None:
    """The descriptor, the operator and the target of each are known."""
    (command,) = [found for found in commands(text) if found.redirections]
    found = [(r.fd, r.operator, r.target.text if r.target else None) for r in command.redirections]
    assert found == expected


def test_redirections_after_a_list_belong_to_its_last_command() -> None:
    """``a && b > x`` redirects b; a group's redirection is no command's."""
    first, second = commands("a && b > x")
    assert not first.redirections
    assert second.redirections
    assert not any(found.redirections for found in commands("{ a; b; } > x"))


@pytest.mark.parametrize(
    ("start", "is_expanded", "strips_tabs"),
    [
        ("<<E", True, False),
        ("<<'E'", False, False),
        ('<<-"E"', False, True),
        ("<<\\E", False, False),
    ],
)
def test_here_documents_tell_whether_they_are_expanded(
    start: str, *, is_expanded: bool, strips_tabs: bool
) -> None:
    """Any quote in the delimiter keeps the lines as they are."""
    text = f"cat {start}\n$x\nE\n"
    (command,) = commands(text)
    here = command.redirections[0].here_document
    assert here is not None
    assert (here.delimiter, here.is_expanded, here.strips_tabs) == ("E", is_expanded, strips_tabs)
    assert "$x" in here.body.of(text)


@pytest.mark.parametrize(
    ("word", "head", "is_literal"),
    [
        ("'a b'", "a b", True),
        ('"a\\"b"', 'a"b', True),
        ("a\\ b", "a b", True),
        ("$'a\\n'", "a\n", True),
        ("$'it\\'s'", "it's", True),
        ('--x="$y"', "--x=", False),
        ("-o$x", "-o", False),
        ('"$x"', "", False),
        ("a{b,c}", "a", False),
        ("*.txt", "*.txt", True),
        ("a'b'\"c\"", "abc", True),
    ],
)
def test_words_lose_their_quotes(word: str, head: str, *, is_literal: bool) -> None:
    """The head is what the command gets, up to the first expansion."""
    (command,) = commands(f"echo {word}")
    (found,) = command.words
    assert (found.text, found.head, found.is_literal) == (word, head, is_literal)


def test_assignments_before_a_command_are_its_own() -> None:
    """``IFS=, read a`` sets IFS for read."""
    (command,) = commands("IFS=, X=$y read a")
    assert [(found.name, found.value) for found in command.assignments] == [
        ("IFS", ","),
        ("X", "$y"),
    ]


def test_only_commands_that_reach_into_the_span_are_given() -> None:
    """The span is one of the whole text."""
    text = "alpha -a\nbeta -b\ngamma -c\n"
    start = text.index("beta")
    found = commands(text, Span(start=start, end=start + len("beta -b")))
    assert [command.name for command in found] == ["beta"]


def test_a_part_is_read_alone_where_the_rest_is_broken() -> None:
    """A here-document that the grammar does not know elsewhere does not hide a good line."""
    text = "cat <<A <<B\na\nA\nb\nB\nls -l x\n"
    start = text.index("ls")
    found = commands(text, Span(start=start, end=start + len("ls -l x")))
    assert [shown(command) for command in found] == ["ls -l x"]


SHELL_TEXT = st.lists(
    st.sampled_from(
        [
            *"'\"$`(){}[]|&;<>=\\ \n\t#!*?-~éx1",
            "${x",
            "<<E\n",
            "if ",
            "then ",
            "fi",
            "case x in ",
            "esac",
            "find . -exec ",
            "xargs ",
            "sh -c '",
            "git -C ",
            "[[ ",
            " ]]",
            "for x in ",
            "do ",
            "done",
            "\ud800",
            "\x00",
            "\r",
        ]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(SHELL_TEXT | st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_no_text_raises(text: str, first: int, second: int) -> None:
    """Any text gives commands with spans inside it."""
    start, end = sorted((min(first, len(text)), min(second, len(text))))
    for command in (*commands(text), *commands(text, Span(start=start, end=end))):
        assert command.span.end <= len(text)
        assert all(word.span.end <= len(text) for word in command.words)
