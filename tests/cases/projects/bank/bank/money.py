"""Amounts in cents."""


def parse_amount(text):
    """Read an amount such as ``12.50``."""
    whole, _, rest = text.strip().partition(".")
    sign = -1 if whole.startswith("-") else 1
    cents = int((rest + "00")[:2])
    return int(whole or "0") * 100 + sign * cents


def share(amount, per_mille):
    """Return so many thousandths of an amount, rounded down."""
    return amount * per_mille // 1000
