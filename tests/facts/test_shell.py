from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Span
from ducktypist.domain.facts import Fact, FactKind
from ducktypist.facts.shell import shell_facts
from support.manuals import WrittenManual


def facts_of(text: str) -> tuple[Fact, ...]:
    """Return the facts of all of a script, by the manual that is written for tests."""
    return shell_facts(text, Span(start=0, end=len(text)), WrittenManual())


def syntax(text: str) -> dict[str, str]:
    """Return the syntax facts: their texts by their subjects."""
    return {fact.subject: fact.text for fact in facts_of(text) if fact.kind is FactKind.SYNTAX}


EXPANSIONS = [
    ("${file%.*}", "the value of file without its shortest ending that matches .*"),
    ("${file%%.*}", "the value of file without its longest ending that matches .*"),
    ("${p#*/}", "the value of p without its shortest beginning that matches */"),
    ("${p##*/}", "the value of p without its longest beginning that matches */"),
    (
        "${0##*/}",
        "the value of $0, the name of the script without its longest beginning that matches */",
    ),
    ("${x:-d}", "the value of x, or d if it is unset or empty; the variable stays as it is"),
    ("${x-}", "the value of x, or nothing if it is unset; the variable stays as it is"),
    (
        "${1:?give a name}",
        (
            "the value of positional parameter 1; if it is unset or empty, the "
            "script stops with the message give a name"
        ),
    ),
    ("${x:=d}", "the value of x; if it is unset or empty, d is assigned to it first"),
    ("${x+set}", "set if x is set, even to nothing, otherwise nothing"),
    ("${x//a/b}", "the value of x with every match of a in it replaced by b"),
    ("${x/a}", "the value of x with the first match of a in it removed"),
    ("${x/%.c/.o}", "the value of x with a match of .c at its end replaced by .o"),
    ("${x^^}", "the value of x with all characters in upper case"),
    ("${x,}", "the value of x with the first character in lower case"),
    ("${x:2:3}", "3 characters of the value of x from offset 2 (the first is 0) on"),
    ("${x: -3}", "the last 3 characters of the value of x"),
    (
        "${x:0:-1}",
        "the characters of the value of x from offset 0 (the first is 0) up to 1 before its end",
    ),
    ("${@:2}", "the positional parameters from $2 on"),
    ("${a[@]:1}", "the elements of the array a from offset 1 (the first is 0) to its end"),
    ("${#x}", "how many characters the value of x has"),
    ("${#a[@]}", "how many elements the array a has"),
    ("${!x}", "the value of the variable whose name is the value of x"),
    ("${!m[@]}", "the indices or keys of the array m, not its values"),
    ("${a[@]%.c}", "each element of the array a without its shortest ending that matches .c"),
    ("${x@Q}", "the value of x quoted so that the shell can read it again"),
    ("$?", "the exit status of the last command; 0 means success"),
    ("$2", "the second argument of the script or of the function it stands in"),
    ("$#", "how many positional parameters (arguments) there are"),
]


@pytest.mark.parametrize(("subject", "expected"), EXPANSIONS)
def test_expansions_are_told_with_their_names(subject: str, expected: str) -> None:
    """The very name and pattern stand in the sentence."""
    assert syntax(f'x="{subject}"')[subject] == expected


REDIRECTIONS = [
    ("ls >out", ">out", "writes standard output to out, which is emptied first or created"),
    ("ls 2>>log", "2>>log", "appends standard error to the end of log"),
    ("ls 2>/dev/null", "2>/dev/null", "throws standard error away"),
    ("ls &>/dev/null", "&>/dev/null", "throws standard output and standard error away"),
    ("ls <in", "<in", "reads standard input from in"),
    ("ls 2>&1", "2>&1", "standard error goes where standard output goes at this point"),
    ("echo a >&2", ">&2", "standard output goes where standard error goes at this point"),
    (
        "ls >out 2>&1",
        "2>&1",
        "standard error goes where standard output goes at this point: to out",
    ),
    (
        "ls 2>&1 >out | cat",
        "2>&1",
        "standard error goes where standard output goes at this point: into the pipe",
    ),
    ("exec 3>&-", "3>&-", "closes file descriptor 3"),
    ("exec 3<>f", "3<>f", "opens f for reading and writing as file descriptor 3"),
    (
        "ls &>f",
        "&>f",
        "writes standard output and standard error to f, which is emptied first or created",
    ),
    ("ls >&f", ">&f", "writes standard output and standard error to f"),
    ('ls <<<"$x"', '<<<"$x"', 'gives "$x", with a line break after it, as standard input'),
    (
        "ls <<E\nx\nE\n",
        "<<E",
        (
            "gives the lines up to E as standard input; variables and "
            "substitutions in them are expanded"
        ),
    ),
    (
        "ls <<'E'\nx\nE\n",
        "<<'E'",
        "gives the lines up to E as standard input; nothing in them is expanded",
    ),
    (
        "ls <<-E\nx\nE\n",
        "<<-E",
        (
            "gives the lines up to E, without leading tabs, as standard "
            "input; variables and substitutions in them are expanded"
        ),
    ),
    ("ls < <(a b)", "< <(a b)", "reads standard input from the output of: a b"),
    ("ls > >(a b)", "> >(a b)", "writes standard output into the input of: a b"),
]


@pytest.mark.parametrize(("text", "subject", "expected"), REDIRECTIONS)
def test_redirections_are_told_with_their_files(text: str, subject: str, expected: str) -> None:
    """What goes where, by the names that stand there."""
    assert syntax(text)[subject] == expected


OTHERS = [
    ("[ -f x ]", "-f", "true if x is an existing regular file"),
    ('[[ -z "$x" ]]', "-z", "true if the text $x is empty: it has no characters"),
    ('test "$a" -lt 3', "-lt", "true if the integer $a is less than 3"),
    (
        "[[ $a == b* ]]",
        "==",
        "true if all of $a matches the pattern b* (a glob, because it is unquoted)",
    ),
    ('[[ $a == "b*" ]]', "==", "true if the texts $a and b* are the same"),
    ("[ $a = b ]", "=", "true if the texts $a and b are the same"),
    ("[[ $a != b ]]", "!=", "true if the texts $a and b differ"),
    (
        "[[ a -nt b ]]",
        "-nt",
        "true if the file a is newer than b by its modification time, or only the first exists",
    ),
    ("a && b", "&&", "what follows runs only if what precedes succeeds (status 0)"),
    ("a |& b", "|&", "both standard output and standard error go into the pipe"),
    ("a &", "&", "what precedes runs in the background; the shell does not wait for it"),
    ("x=$(ls -l)", "$(ls -l)", "the output of this, without the newlines at its end: ls -l"),
    ("x=$(<f)", "$(<f)", "the contents of f, without newlines at the end"),
    ("diff <(a) b", "<(a)", "a file name under which the output of this can be read: a"),
    ("echo $((n + 1))", "$((n + 1))", "the integer that n + 1 evaluates to"),
    (
        "(a; b)",
        "(",
        "runs the commands in a subshell: changed variables, options and folder end with it",
    ),
    (
        "case x in a) b ;& c) d ;; esac",
        ";&",
        "goes on with the commands of the next pattern without comparing it",
    ),
    ("for f in *.c; do a; done", "for", "runs the body once for each word of *.c, which f holds"),
    ("for f; do a; done", "for", 'runs the body once for each word of "$@", which f holds'),
    ("a+=(b)", "a+=(b)", "appends the words in parentheses to the array a"),
    ("cp f{,.bak}", "f{,.bak}", "becomes the words f f.bak"),
    ("echo {1..9..2}", "{1..9..2}", "a word for each value from 1 to 9 in steps of 2"),
    (
        "IFS= read -r x",
        "IFS=",
        "sets IFS to nothing for this read only, so that blanks at both ends of a line are kept",
    ),
    ("IFS=, read -r x", "IFS=,", "sets IFS to , for this read only"),
]


@pytest.mark.parametrize(("text", "subject", "expected"), OTHERS)
def test_tests_operators_and_keywords(text: str, subject: str, expected: str) -> None:
    """Each has one sentence with the operands that stand there."""
    assert syntax(text)[subject] == expected


OPERANDS = [
    ("find . -type f", "-type f", "only regular files"),
    (
        "find . -mtime +7",
        "-mtime +7",
        (
            "true for a file that had its contents last modified at "
            "least 8 x 24 hours ago; parts of a day do not count"
        ),
    ),
    (
        "find . -mtime -1",
        "-mtime -1",
        "true for a file that had its contents last modified less than 1 x 24 hours ago",
    ),
    (
        "find . -size +1M",
        "-size +1M",
        "true for a file of more than 1 MiB, the size being rounded up to whole units",
    ),
    ("date +%Y-%m", "+%Y-%m", "the form of the output: %Y the year, %m the month (01-12)"),
    (
        "chmod 640 f",
        "640",
        "sets who may do what: the owner read, write; the group read; others nothing",
    ),
    (
        "chmod u+x,go-w f",
        "u+x,go-w",
        (
            "gives the owner the right: execute (search in "
            "directories); takes from the group and others the right: write"
        ),
    ),
    (
        "kill -9 1",
        "-9",
        "sends the signal KILL: ends the process at once; it cannot be handled, blocked or ignored",
    ),
    ("trap 'x' EXIT", "EXIT", "the command runs when the shell exits, whatever the reason"),
    ("trap '' INT", "INT", "INT is ignored, also by the commands that are started"),
    ("trap - INT", "INT", "INT is handled as it was when the shell started"),
    ("head -n -2 f", "-n -2", "all lines but the last 2"),
    ("tail -n +2 f", "-n +2", "everything from line 2 on, counted from 1"),
    ("sort -k2,2nr f", "-k 2,2nr", "the key is field 2 alone, compared as numbers and in reverse"),
    ("sort -k 2 f", "-k 2", "the key is from field 2 to the end of the line"),
    ("cut -d: -f1,3- f", "-f 1,3-", "fields 1, 3 to the last"),
    ("sed 's/a/b/g' f", "s/a/b/g", "replaces every match of a in the line by b"),
    ("sed 's|/x|y|' f", "s|/x|y|", "replaces the first match of /x in the line by y"),
    ("sed -n '2,5p' f", "2,5p", "from line 2 to line 5: prints the line"),
    (
        "sed -e '/^#/d' f",
        "/^#/d",
        "on a line that matches ^#: deletes the line: it is not printed, and the next one is read",
    ),
    ("awk -F: '{print $1, $NF}' f", "$NF", "the last field of the line"),
    ("awk 'NR > 1' f", "NR", "how many lines (records) were read so far, over all files"),
]


@pytest.mark.parametrize(("text", "subject", "expected"), OPERANDS)
def test_operands_of_known_commands(text: str, subject: str, expected: str) -> None:
    """Modes, ages, formats, ranges and scripts are put into words."""
    assert syntax(text)[subject] == expected


@pytest.mark.parametrize(
    "text",
    [
        "sed 's/a/b/g; b end; p' f",
        'sed "s/$x/b/" f',
        "sed -f script s/a/b/",
        'awk "{print $1}" f',
        "awk -f prog 'NR'",
        "find . -mtime x",
        'find . -type "$t"',
        "chmod 12345678 f",
        "date +%Q",
        "sort -k x",
        "kill -FOO 1",
    ],
)
def test_what_cannot_be_read_in_one_way_is_not_told(text: str) -> None:
    """A script or a notation that is not wholly known gives no fact of a command's."""
    assert not [fact for fact in facts_of(text) if fact.kind is FactKind.SYNTAX and fact.of]


PITFALLS = [
    ("find . -name x | xargs rm", "xargs"),
    ("find . | xargs -n1 rm", "xargs"),
    ("for f in $(ls *.c); do a; done", "$(ls *.c)"),
    ("cmd 2>&1 >file", "2>&1"),
    ("sort f > f", "> f"),
    ("grep x f > f", "> f"),
    ("set -e\nlocal x=$(a)", "local x"),
    ('set -euo pipefail\nexport x="$(a)"', "export x"),
    ("sudo echo x > /etc/hosts", ">"),
]


@pytest.mark.parametrize(("text", "subject"), PITFALLS)
def test_sure_mistakes_come_first(text: str, subject: str) -> None:
    """A mistake that the syntax shows is the first fact."""
    first = facts_of(text)[0]
    assert (first.kind, first.subject) == (FactKind.FINDING, subject)


@pytest.mark.parametrize(
    "text",
    [
        "find . -print0 | xargs -0 rm",
        "find . -print0 | xargs -r0n1 rm",
        "find . -print | xargs --delimiter='\\n' rm",
        "find . -printf '%f' | xargs rm",
        "find . | xargs -I{} rm {}",
        "find . | xargs -rI{} rm {}",
        "IFS=$'\\n'\nfor f in $(ls); do a; done",
        "ls | xargs rm",
        "for f in $(cat list); do a; done",
        "for f in *.c; do a; done",
        "cmd >file 2>&1",
        "cmd 2>&1 >file | other",
        "cmd 2>&1",
        "sort f > g",
        "sort -o f f",
        "grep f > f",
        "sort -k 2 > 2",
        "cat f >> f2",
        "local x=$(a)",
        "set -e\nlocal x=$((1 + 2))",
        "set -e\nlocal x; x=$(a)",
        "sudo tee /etc/hosts > out",
    ],
)
def test_what_may_be_right_is_no_mistake(text: str) -> None:
    """Only what is certain is called a mistake."""
    assert not [fact for fact in facts_of(text) if fact.kind is FactKind.FINDING]


def test_facts_follow_the_source() -> None:
    """After the mistakes the order is that of the script."""
    text = "sort -u f | tar -x 2>/dev/null\n"
    starts = [fact.span.start for fact in facts_of(text) if fact.span]
    assert starts == sorted(starts)
    assert len(starts) == len(facts_of(text))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "find . ",
                "xargs ",
                "-exec ",
                "{} + ",
                "\\; ",
                "-0r ",
                "--null ",
                "-I{} ",
                "set ",
                "-euo ",
                "pipefail ",
                "tar xzf ",
                "git -C ",
                "commit ",
                "sed ",
                "'s/a/b/' ",
                "awk ",
                "'{print $1}' ",
                "trap ",
                "EXIT ",
                "[ ",
                "] ",
                "-f ",
                "${x%",
                "} ",
                "$(",
                ") ",
                "> ",
                "2>&1 ",
                "<<E\n",
                "| ",
                "; ",
                "\n",
                "é",
                "\x00",
                "\ud800",
                "\u2028",
                "chmod ",
                "755 ",
                "kill -9 ",
                "date +%Y ",
                "sort -k ",
                "2,1 ",
                "cut -f",
                "-",
                "head -n",
                "dd if=",
            ]
        ),
        max_size=25,
    ).map("".join)
    | st.text(max_size=40)
)
def test_no_text_raises_and_every_fact_is_one_short_line(text: str) -> None:
    """Whatever the text, a fact is one plain line and lies inside it."""
    for fact in facts_of(text):
        assert 0 < len(fact.text) <= 160
        assert "\n" not in fact.text
        assert fact.text.isprintable()
        assert fact.span is not None
        assert fact.span.end <= len(text)
        assert fact.source
        assert "`" not in fact.text


@pytest.mark.parametrize(
    "text",
    [
        "sudo " * 2000,
        "echo $(" * 800 + ")" * 800,
        "[[ a == b " + "&& a == b " * 2000 + "]]",
        "if ls; then " * 500 + "b; " + "fi; " * 500,
        "a && " * 2000 + "b",
        "find " + "-exec a {} \\; " * 500,
        '"$(a ' * 500 + ')"' * 500,
    ],
    ids=lambda text: text[:12],
)
def test_deep_and_long_texts_end(text: str) -> None:
    """Nesting that no person writes overflows no stack."""
    assert facts_of(text)
