"""All accounts of one bank."""

from bank.accounts import Account
from bank.transfer import transfer


class OutOfBalance(Exception):
    """Money appeared or vanished."""


class Book:
    """Accounts by owner, and what came in from outside."""

    def __init__(self):
        self._accounts = {}
        self._paid_in = 0
        self._fees = 0

    def open(self, owner, limit=0):
        """Open an account."""
        if owner in self._accounts:
            raise KeyError(f"{owner} has an account")
        account = self._accounts[owner] = Account(owner, limit)
        return account

    def account(self, owner):
        """Return somebody's account."""
        return self._accounts[owner]

    def pay_in(self, owner, amount):
        """Bring cash."""
        self.account(owner).deposit(amount, "cash")
        self._paid_in += amount

    def send(self, sender, receiver, amount):
        """Transfer between two owners."""
        self._fees += transfer(self.account(sender), self.account(receiver), amount)

    def close_day(self):
        """Return the sum of all accounts, having checked that nothing is missing."""
        total = sum(account.balance for account in self._accounts.values())
        missing = self._paid_in - self._fees - total
        if missing:
            raise OutOfBalance(f"{missing} cents are missing")
        return total
