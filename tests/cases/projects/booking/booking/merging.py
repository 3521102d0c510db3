"""Spans that belong together."""


def merged(spans):
    """Return spans with those that touch or overlap made one."""
    found = []
    for span in sorted(spans):
        if found and span.start <= found[-1].end:
            found[-1] = found[-1].joined(span)
        else:
            found.append(span)
    return found
