import pytest

from inventory.items import Catalogue, Item, UnknownItem
from inventory.orders import Order
from inventory.report import invoice, money
from inventory.stock import OutOfStock, Stock


@pytest.fixture
def catalogue():
    return Catalogue(
        [
            Item("PEN", "Pen", 120),
            Item("BOOK", "Book", 1550, bulk_from=3),
            Item("CLIP", "Paper clip", 5, bulk_from=100),
        ]
    )


def test_one_piece(catalogue):
    assert Order(catalogue).add("pen").goods() == 120


def test_pieces_add_up(catalogue):
    order = Order(catalogue).add("PEN", 2).add("PEN")
    assert order.lines == {"PEN": 3}
    assert order.goods() == 360


def test_many_pieces_are_cheaper(catalogue):
    assert Order(catalogue).add("PEN", 20).goods() == 2160


def test_order_at_the_limit_is_cheaper(catalogue):
    order = Order(catalogue).add("book", 3).add("pen", 2)
    assert order.total() == 4425 + 490 - 0


def test_loyal_customers_pay_less(catalogue):
    assert Order(catalogue, loyal=True).add("PEN", 5).goods() == 570


def test_shipping_is_free_for_large_orders(catalogue):
    order = Order(catalogue).add("BOOK", 5)
    assert order.shipping() == 0


def test_an_empty_order_costs_nothing(catalogue):
    assert Order(catalogue).total() == 0


def test_unknown_article(catalogue):
    with pytest.raises(UnknownItem):
        Order(catalogue).add("CAR")


def test_stock_goes_down(catalogue):
    stock = Stock({"PEN": 5})
    Order(catalogue).add("PEN", 2).fulfil(stock)
    assert stock.level("PEN") == 3


def test_nothing_is_taken_beyond_the_stock(catalogue):
    stock = Stock({"PEN": 1})
    with pytest.raises(OutOfStock):
        Order(catalogue).add("PEN", 2).fulfil(stock)
    assert stock.level("PEN") == 1


def test_deliveries():
    stock = Stock()
    stock.receive("PEN", 4)
    assert stock.level("PEN") == 4
    with pytest.raises(ValueError):
        stock.receive("PEN", 0)


def test_money():
    assert money(1205) == "12.05"


def test_invoice(catalogue):
    rows = invoice(Order(catalogue).add("PEN", 2))
    assert rows == ["2 x PEN", "shipping 4.90", "total 7.30"]
