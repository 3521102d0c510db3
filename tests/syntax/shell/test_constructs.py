from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ducktypist.domain import Span
from ducktypist.syntax.shell import ConstructKind, constructs, functions
from ducktypist.syntax.shell.expansions import read_expansion

EXPANSIONS = [
    ("$x", "plain", "x", ()),
    ("${x}", "plain", "x", ()),
    ("$?", "$?", "?", ()),
    ("$$", "$$", "$", ()),
    ("$#", "$#", "#", ()),
    ("${#}", "$#", "#", ()),
    ("$@", "$@", "@", ()),
    ("$0", "$0", "0", ()),
    ("$1", "positional", "1", ()),
    ("${10}", "positional", "10", ()),
    ("${x:-d e}", ":-", "x", ("d e",)),
    ("${x-}", "-", "x", ("",)),
    ("${x:=d}", ":=", "x", ("d",)),
    ("${x:?no x}", ":?", "x", ("no x",)),
    ("${x:+y}", ":+", "x", ("y",)),
    ("${x:-${y:-z}}", ":-", "x", ("${y:-z}",)),
    ("${x%.*}", "%", "x", (".*",)),
    ("${x%%.*}", "%%", "x", (".*",)),
    ("${x#*/}", "#", "x", ("*/",)),
    ("${x##*/}", "##", "x", ("*/",)),
    ("${x/a/b}", "/", "x", ("a", "b")),
    ("${x//a/}", "//", "x", ("a", "")),
    ("${x//a}", "//", "x", ("a",)),
    ("${x/#a/b}", "/#", "x", ("a", "b")),
    ("${x/%a/b}", "/%", "x", ("a", "b")),
    ("${x//\\//_}", "//", "x", ("\\/", "_")),
    ("${x//[^a-z]/}", "//", "x", ("[^a-z]", "")),
    ("${x^}", "^", "x", ("",)),
    ("${x^^}", "^^", "x", ("",)),
    ("${x,,[A-C]}", ",,", "x", ("[A-C]",)),
    ("${x@Q}", "@Q", "x", ()),
    ("${x:1:2}", "slice", "x", ("1", "2")),
    ("${x: -3}", "slice", "x", (" -3",)),
    ("${x:$((1 + 2)):${y:0:1}}", "slice", "x", ("$((1 + 2))", "${y:0:1}")),
    ("${@:2}", "slice", "@", ("2",)),
    ("${#x}", "length", "x", ()),
    ("${#a[@]}", "count", "a", ()),
    ("${#a[1]}", "length", "a[1]", ()),
    ("${#@}", "count", "@", ()),
    ("${!x}", "indirect", "x", ()),
    ("${!a[@]}", "keys", "a", ()),
    ("${!pre*}", "names", "pre", ()),
    ("${a[@]}", "all", "a", ()),
    ("${a[*]}", "joined", "a", ()),
    ("${a[1]}", "element", "a[1]", ("a", "1")),
    ("${m[$k]}", "element", "m[$k]", ("m", "$k")),
    ("${a[@]:1:2}", "slice", "a[@]", ("1", "2")),
    ("${a[@]%.x}", "%", "a[@]", (".x",)),
]


@pytest.mark.parametrize(("text", "mark", "name", "arguments"), EXPANSIONS)
def test_expansions_are_read(text: str, mark: str, name: str, arguments: tuple[str, ...]) -> None:
    """The operator, the parameter and the operands are told apart."""
    found = read_expansion(text)
    assert found is not None
    assert (found.mark, found.name, found.arguments) == (mark, name, arguments)


@pytest.mark.parametrize(("text", "mark", "name", "arguments"), EXPANSIONS)
def test_expansions_are_found_in_a_script(
    text: str, mark: str, name: str, arguments: tuple[str, ...]
) -> None:
    """The tree leads to the same expansion, in double quotes too."""
    script = f'echo é "{text}"\n'
    found = [one for one in constructs(script) if one.kind is ConstructKind.EXPANSION]
    assert (found[0].mark, found[0].name, found[0].arguments) == (mark, name, arguments)
    assert found[0].span.of(script) == text


@pytest.mark.parametrize("text", ["${}", "${", "$", "${x!y}", "${a[1}", "${x@}", "", "$("])
def test_what_is_no_expansion_is_none(text: str) -> None:
    """Broken expansions are nothing."""
    assert read_expansion(text) is None


def marks(text: str, kind: ConstructKind) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the constructs of one kind, for comparison."""
    return [(c.mark, c.name, c.arguments) for c in constructs(text) if c.kind is kind]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[ -f "$x" ]', [("-f", "[", ('"$x"',))]),
        ("[[ -n $a && $b == c* ]]", [("-n", "[[", ("$a",)), ("==", "[[", ("$b", "c*"))]),
        ("[[ ! -e $f || ( $n -gt 3 ) ]]", [("-e", "[[", ("$f",)), ("-gt", "[[", ("$n", "3"))]),
        ("[[ $x =~ ^a+$ ]]", [("=~", "[[", ("$x", "^a+$"))]),
        (
            '[ -n "$a" -a "$b" != c ]',
            [("-n", "[", ('"$a"',)), ("and", "[", ()), ("!=", "[", ('"$b"', "c"))],
        ),
        (
            'test ! -d "$d" -o a = b',
            [("-d", "test", ('"$d"',)), ("or", "test", ()), ("=", "test", ("a", "b"))],
        ),
        ("[ -f = x ]", [("=", "[", ("-f", "x"))]),
        ("[ a \\< b ]", [("<", "[", ("a", "b"))]),
        ("[[ $a -nt $b ]]", [("-nt", "[[", ("$a", "$b"))]),
        ("[ -n ]", []),
        ("[ $x ]", []),
        ("grep -f x", []),
    ],
)
def test_operators_of_conditions(
    text: str, expected: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    """Each operator stands with its operands, in order."""
    assert marks(text, ConstructKind.TEST) == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("a && b || ! c & d |& e", ConstructKind.OPERATOR, ["&&", "||", "!", "&", "|&"]),
        ("( a ); { b; }", ConstructKind.KEYWORD, ["(", "{"]),
        ("f() { a; }", ConstructKind.KEYWORD, []),
        ("until a; do b; done", ConstructKind.KEYWORD, ["until"]),
        ("for x in a; do b; done", ConstructKind.KEYWORD, ["for"]),
        ("for ((i=0; i<3; i++)); do b; done", ConstructKind.KEYWORD, ["for (("]),
        ("select x in a b; do b; done", ConstructKind.KEYWORD, ["select"]),
        ("case x in a) b ;& *) c ;; esac", ConstructKind.KEYWORD, ["case", ";&"]),
        ("case x in a) b ;;& *) c ;; esac", ConstructKind.KEYWORD, ["case", ";;&"]),
        ("echo $((1+2)) $(a) `b`", ConstructKind.SUBSTITUTION, ["$(", "`"]),
        ("diff <(a) >(b)", ConstructKind.SUBSTITUTION, ["<(", ">("]),
        ("((i++)); echo $((i))", ConstructKind.ARITHMETIC, ["((", "$(("]),
        ("a=(1 2); a+=(3); a[1]=x; s+=y; t=1", ConstructKind.ARRAY, ["=(", "+=(", "[]=", "+="]),
        ("echo $'a' {1..3}", ConstructKind.QUOTING, ["$'", "{..}"]),
        ("a >x 2>&1 <<< y", ConstructKind.REDIRECTION, [">", ">&", "<<<"]),
    ],
)
def test_other_constructs(text: str, kind: ConstructKind, expected: list[str]) -> None:
    """Operators, keywords, substitutions and the rest are found by their marks."""
    assert [found.mark for found in constructs(text) if found.kind is kind] == expected


def test_constructs_inside_a_text_for_another_shell_lie_in_the_whole_text() -> None:
    """What ``sh -c`` and ``trap`` are given is read too, with spans of the whole text."""
    text = 'é; xargs sh -c \'mv "$1" "${1%.x}" 2>&1\' _'
    found = {construct.subject: construct for construct in constructs(text)}
    assert found["${1%.x}"].span.of(text) == "${1%.x}"
    assert found["2>&1"].span.of(text) == "2>&1"


def test_nothing_is_expanded_in_single_quotes_and_quoted_here_documents() -> None:
    """Such places hold no expansions."""
    assert not constructs("echo '${x:-y}'")
    kinds = {found.kind for found in constructs("cat <<'E'\n${x:-y}\nE\n")}
    assert kinds == {ConstructKind.REDIRECTION}


def test_functions_have_the_comment_above_them() -> None:
    """Directives for linters and the shebang are no comment of a function."""
    text = (
        "#!/bin/sh\n# Cleans up\n# after itself.\n# shellcheck disable=SC1\nclean() {\n :\n}\n"
        "function other { :; }\n"
    )
    first, second = functions(text)
    assert (first.name, first.line, first.comment) == ("clean", 5, "Cleans up after itself.")
    assert (second.name, second.line, second.comment) == ("other", 8, "")


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="'\"$`(){}[]|&;<>=\\ \n#!*?-:/%@^,+x1é\ud800", max_size=50),
    st.integers(0, 50),
    st.integers(0, 50),
)
def test_no_text_raises(text: str, first: int, second: int) -> None:
    """Any text gives constructs with spans inside it."""
    start, end = sorted((min(first, len(text)), min(second, len(text))))
    for construct in (*constructs(text), *constructs(text, Span(start=start, end=end))):
        assert construct.span.end <= len(text)
    functions(text)
