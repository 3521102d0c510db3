"""Accounts and what moved on them."""


class Refused(Exception):
    """A movement that the account does not allow."""


class Account:
    """A balance and the movements that led to it."""

    def __init__(self, owner, limit=0):
        self.owner = owner
        self.limit = limit
        self.balance = 0
        self.movements = []

    def _move(self, amount, text):
        self.balance += amount
        self.movements.append((text, amount))

    def deposit(self, amount, text="deposit"):
        """Put money in."""
        if amount <= 0:
            raise Refused("a deposit is positive")
        self._move(amount, text)

    def withdraw(self, amount, text="withdrawal"):
        """Take money out, down to the limit below zero."""
        if amount <= 0:
            raise Refused("a withdrawal is positive")
        if self.balance - amount < -self.limit:
            raise Refused(f"{self.owner} has not enough")
        self._move(-amount, text)
