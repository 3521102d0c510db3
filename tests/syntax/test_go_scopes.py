from __future__ import annotations

import pytest

from ducktypist.syntax.go_declared import element, is_synchronizing
from ducktypist.syntax.go_scopes import GoFile, Use, VariableKind

TEXT = """\
package a

import "sync"

var total, shown int

type Till struct {
	mu    sync.Mutex
	coins map[string]int
	last  *Coin
}

type Coin struct{ value int }

func (t *Till) Put(name string, n int) {
	t.coins[name] += n
	t.last = &Coin{value: n}
	t.last.value++
	total := total + 1
	_ = total
	shown++
}

func fill(tills []*Till) {
	n := 1
	n, err := n+1, error(nil)
	for i, one := range tills {
		one.coins["a"] = i
		go func(n int) {
			n++
			_ = err
			delete(tills[0].coins, "b")
		}(n)
	}
}
"""


def uses_of(name: str, text: str = TEXT) -> list[Use]:
    """Return the uses of all variables of a name."""
    file = GoFile.of(text)
    assert file is not None
    return [use for use in file.uses() if use.variable.name == name]


def test_fields_are_known_by_their_struct() -> None:
    """A field is one variable whatever the value before it is called."""
    coins = uses_of("coins")
    assert {use.variable.owner for use in coins} == {"Till"}
    assert [use.base for use in coins] == ["t", "one", "tills[0]"]
    assert len({use.variable for use in coins}) == 1
    assert coins[0].variable.type_text == "map[string]int"


def test_what_is_written() -> None:
    """Elements, increments and deletions write a variable; what it leads to is less than that."""
    assert [use.strength for use in uses_of("coins")] == [2, 2, 2]
    assert [use.strength for use in uses_of("last")] == [2, 1]
    assert [use.strength for use in uses_of("value")] == [2]
    assert [use.strength for use in uses_of("err")] == [0]


def test_locals_and_package_variables_of_one_name() -> None:
    """The right side of a declaration means what was there before."""
    first, second = uses_of("total")
    assert first.variable.kind is VariableKind.PACKAGE
    assert second.variable.kind is VariableKind.LOCAL
    assert uses_of("shown")[0].variable.kind is VariableKind.PACKAGE


def test_a_parameter_hides_a_local() -> None:
    """A literal's parameter is a variable of its own; a second := writes the first's variable."""
    outer = [use for use in uses_of("n") if use.variable.owner == "fill"]
    assert len({use.variable.declared_at for use in outer}) == 2
    again = [use for use in outer if use.is_write and use.function.type != "func_literal"]
    assert len(again) == 1


@pytest.mark.parametrize(
    ("call", "strength"),
    [
        ("atomic.AddInt64(&x, 1)", 2),
        ("atomic.LoadInt64(&x)", 0),
        ("use(&x)", 1),
        ("x.Add(1)", 1),
        ("x.Load()", 0),
        ("*x = 3", 1),
        ("(x)++", 2),
        ("copy(x, y)", 2),
        ("copy(y, x)", 0),
        ("x[1:][0] = 2", 2),
    ],
)
def test_ways_to_write(call: str, strength: int) -> None:
    """What a statement does with a variable."""
    text = f"package a\n\nvar x, y T\n\nfunc f() {{\n\t{call}\n}}\n"
    (use,) = uses_of("x", text)
    assert use.strength == strength


def test_types() -> None:
    """Elements of types, and types that are for synchronising."""
    assert element("map[string][]int") == "[]int"
    assert element("map[[2]int]*T") == "*T"
    assert element("[]T") == "T"
    assert element("T") == ""
    assert is_synchronizing("*sync.RWMutex")
    assert is_synchronizing("chan int")
    assert not is_synchronizing("map[string]sync.Mutex")


def test_broken_text_gives_less_and_no_exception() -> None:
    """Every beginning of a file can be asked."""
    for end in range(0, len(TEXT), 7):
        file = GoFile.of(TEXT[:end])
        assert file is not None
        file.uses()
