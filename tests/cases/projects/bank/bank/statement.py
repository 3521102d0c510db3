"""Statements of account."""


def money(cents):
    """Write an amount with its sign."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def statement(account):
    """Return the lines of a statement with the balance after each movement."""
    rows, balance = [], 0
    for text, amount in account.movements:
        balance += amount
        rows.append(f"{text}: {money(amount)} -> {money(balance)}")
    if balance != account.balance:
        raise ValueError("the movements do not lead to the balance")
    return rows
