"""Functions that remember."""

from functools import wraps

from cache.lru import MISSING, LruCache


def key_of(arguments, named):
    """Return what calls with these arguments are remembered by."""
    return (arguments, tuple(sorted(named.items())))


def memo(capacity):
    """Return a decorator that keeps the newest results of a function."""

    def decorate(function):
        kept = LruCache(capacity)

        @wraps(function)
        def remembering(*arguments, **named):
            key = key_of(arguments, named)
            value = kept.get(key, MISSING)
            if value is MISSING:
                value = function(*arguments, **named)
                kept.put(key, value)
            return value

        remembering.cache = kept
        return remembering

    return decorate
