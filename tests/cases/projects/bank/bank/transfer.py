"""Money from one account to another."""

from bank.accounts import Refused
from bank.fees import transfer_fee


def transfer(sender, receiver, amount, text="transfer"):
    """Move money; the sender pays the fee."""
    if sender is receiver:
        raise Refused("an account cannot send to itself")
    fee = transfer_fee(amount)
    sender.withdraw(amount, f"{text} to {receiver.owner}")
    if fee:
        sender.withdraw(fee, "fee")
    receiver.deposit(amount - fee, f"{text} from {sender.owner}")
    return fee


def standing_order(sender, receiver, amount, months):
    """Transfer every month until it is refused; return how often it went."""
    for month in range(months):
        try:
            transfer(sender, receiver, amount, f"month {month + 1}")
        except Refused:
            return month
    return months
