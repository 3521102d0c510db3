"""What moving money costs."""

from bank.money import share

FREE_BELOW = 10_000
PER_MILLE = 3
HIGHEST = 2_500


def transfer_fee(amount):
    """Return the fee of one transfer: three per mille of large ones, with an upper bound."""
    if amount < FREE_BELOW:
        return 0
    return min(share(amount, PER_MILLE), HIGHEST)
