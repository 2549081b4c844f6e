"""Which symbol paths a mask list speaks of (docs/protocol.md 7.6)."""


def matches(masks: str, path: str) -> bool:
    r"""Whether a comma-separated mask list, as `Forex\*,!*.ins`, takes a symbol's full path.

    One item that matches is enough, unless a negated one matches too.  An item of nothing but `!` speaks of
    every path.  Nothing takes an empty path, and an empty list takes nothing.
    """
    if not path:
        return False
    taken = False
    for item in filter(None, map(str.strip, masks.split(","))):
        pattern = item.lstrip("!")
        if pattern == item:
            taken = taken or _covers(pattern, path)
        elif not pattern or _covers(pattern, path):
            return False
    return taken


def _covers(pattern: str, path: str) -> bool:
    head, *rest = pattern.split("*")
    if not rest:
        return pattern == path
    *middle, tail = rest
    at, end = len(head), len(path) - len(tail)
    if at > end or not path.startswith(head) or not path.endswith(tail):
        return False
    for part in middle:  # leftmost is best: it leaves the most for what follows
        found = path.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
