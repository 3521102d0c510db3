import pytest

from calc.errors import FormulaError
from calc.evaluate import evaluate
from calc.show import bracketed


def test_numbers():
    assert evaluate("42") == 42
    assert evaluate(" 2.5 ") == 2.5


def test_sums_from_the_left():
    assert evaluate("8 - 3 - 2") == 3


def test_products_before_sums():
    assert evaluate("2 + 3 * 4") == 14


def test_division_from_the_left():
    assert evaluate("24 / 4 / 2 + 1") == 4


def test_powers_from_the_right():
    assert evaluate("2 ^ 3 ^ 2") == 512


def test_signs():
    assert evaluate("-2 ^ 2") == -4
    assert evaluate("3 - -2") == 5


def test_brackets():
    assert evaluate("(2 + 3) * 4") == 20


def test_names():
    assert evaluate("2 * x + y", x=3, y=1) == 7
    with pytest.raises(NameError):
        evaluate("z")


def test_functions():
    assert evaluate("max(1, 2 + 3, 4) + abs(-1)") == 6


def test_shown():
    assert bracketed("1 + 2 * -x") == "(1 + (2 * (-x)))"


def test_shown_call():
    assert bracketed("min(a, 2)^2") == "(min(a, 2) ^ 2)"


@pytest.mark.parametrize(("text", "position"), [("2 +", 3), ("(1", 2), ("1 $ 2", 2), ("1 2", 2)])
def test_errors(text, position):
    with pytest.raises(FormulaError) as caught:
        evaluate(text)
    assert caught.value.position == position
