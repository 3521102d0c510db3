"""What things cost."""


def total_cents(quantities: dict[str, int], prices: dict[str, int]) -> int:
    """Return the price of an order in cents; articles without a price are an error."""
    total = 0
    for article, quantity in quantities.items():
        if article not in prices:
            raise KeyError(article)
        total += prices[article] * quantity
    return total


def moving_average(values: list[float], window: int) -> list[float]:
    """Return the mean of each run of ``window`` neighbouring values."""
    if window < 1:
        raise ValueError("window must be at least 1")
    averages = []
    for start in range(len(values) - window):
        averages.append(sum(values[start : start + window]) / window)
    return averages
