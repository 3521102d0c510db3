"""A small shop, to try Ducktypist on."""
