"""What can be wrong with a formula."""


class FormulaError(ValueError):
    """A formula that cannot be read; ``position`` counts from 0."""

    def __init__(self, message, position):
        super().__init__(f"{message} at {position}")
        self.position = position
