"""Lists for people."""


def money(cents):
    """Write an amount."""
    return f"{cents // 100}.{cents % 100:02d}"


def invoice(order):
    """Return the lines of an invoice."""
    rows = [f"{quantity} x {sku}" for sku, quantity in sorted(order.lines.items())]
    rows.append(f"shipping {money(order.shipping())}")
    rows.append(f"total {money(order.total())}")
    return rows
