"""A shop's stock, prices and orders."""
