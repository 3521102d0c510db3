import pytest

from bank.accounts import Account, Refused
from bank.book import Book
from bank.money import parse_amount
from bank.statement import money, statement
from bank.transfer import standing_order, transfer


@pytest.fixture
def book():
    found = Book()
    found.open("ada")
    found.open("bob", limit=5_000)
    found.pay_in("ada", 50_000)
    return found


@pytest.mark.parametrize(("text", "cents"), [("12.50", 1250), ("3", 300), ("-1.05", -105)])
def test_amounts(text, cents):
    assert parse_amount(text) == cents


def test_deposit_and_withdrawal():
    account = Account("ada")
    account.deposit(500)
    account.withdraw(200)
    assert account.balance == 300


def test_no_more_than_there_is():
    account = Account("ada")
    account.deposit(500)
    with pytest.raises(Refused):
        account.withdraw(501)


def test_down_to_the_limit():
    account = Account("bob", limit=100)
    account.withdraw(100)
    assert account.balance == -100


def test_nothing_is_no_deposit():
    with pytest.raises(Refused):
        Account("ada").deposit(0)


def test_small_transfers_are_free(book):
    book.send("ada", "bob", 2_000)
    assert book.account("bob").balance == 2_000
    assert book.close_day() == 50_000


def test_large_transfers_cost(book):
    book.send("ada", "bob", 20_000)
    assert book.account("ada").balance == 29_940


def test_a_day_with_large_transfers(book):
    book.send("ada", "bob", 20_000)
    book.send("bob", "ada", 1_000)
    assert book.close_day() == 49_940


def test_no_transfer_to_oneself(book):
    with pytest.raises(Refused):
        book.send("ada", "ada", 10)


def test_a_refused_transfer_moves_nothing(book):
    with pytest.raises(Refused):
        book.send("bob", "ada", 9_000)
    assert book.close_day() == 50_000


def test_standing_order_ends_when_it_is_refused():
    ada, bob = Account("ada"), Account("bob")
    ada.deposit(1_000)
    assert standing_order(ada, bob, 300, 12) == 3
    assert bob.balance == 900


def test_statement():
    ada, bob = Account("ada"), Account("bob")
    ada.deposit(1_000)
    transfer(ada, bob, 250)
    assert statement(ada) == ["deposit: 10.00 -> 10.00", "transfer to bob: -2.50 -> 7.50"]


def test_money():
    assert money(-105) == "-1.05"
