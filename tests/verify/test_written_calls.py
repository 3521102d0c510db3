from __future__ import annotations

from pathlib import Path

from ducktypist.verify.calls import Call
from ducktypist.verify.written_calls import written_calls


def calls_of(*sources: str, function: str = "f") -> tuple[Call, ...]:
    """Return the calls that these texts make."""
    return written_calls(sources, root=Path("/"), path=Path("a.py"), function=function).calls


def test_calls_with_literals_are_found_wherever_they_stand() -> None:
    """A call within a larger expression counts; one that is written twice counts once."""
    found = calls_of("f(1, [2, 'x'])", "set(f({1: (2,)}, key=None)) == {1}", "f(1, [2, 'x']) == 3")
    assert found == (
        Call(arguments=("1", "[2, 'x']")),
        Call(arguments=("{1: (2,)}",), keywords=(("key", "None"),)),
    )


def test_what_is_no_literal_is_left_out() -> None:
    """Variables, stars, other functions and texts that do not parse give no call."""
    assert calls_of("f(x)", "f(*[1])", "f(**{'a': 1})", "g(1)", "a.f(1)", "f(") == ()
    assert calls_of("Basket().total(1)", function="Basket.total") == ()


def test_why_there_are_none_is_said() -> None:
    """Without a call there is a reason, for a person."""
    found = written_calls((), root=Path("/"), path=Path("a.py"), function="f")
    assert found.reason == "no call of `f` is written with literals"


def test_the_module_is_named_as_its_package_is(tmp_path: Path) -> None:
    """Folders with an ``__init__.py`` belong to the name; the one above is where it is found."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    found = written_calls(["f(1)"], root=tmp_path, path=Path("src/shop/prices.py"), function="f")
    assert (found.module, found.places[0], found.reason) == ("shop.prices", "src", "")
    found = written_calls(["f(1)"], root=tmp_path, path=Path("prices.py"), function="f")
    assert (found.module, found.places) == ("prices", (".", "src", ""))
