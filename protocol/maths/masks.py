"""Mask lists over symbol paths (docs/protocol.md 7.6)."""

# What JavaScript's trim() removes.  str.strip() differs: it takes control characters 28-31 too, but leaves
# U+FEFF.
_BLANKS = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def _fits(pattern: str, path: str) -> bool:
    """Whether the whole path fits one pattern; only `*` is special."""
    head, *rest = pattern.split("*")
    if not rest:
        return head == path
    tail = rest.pop()
    end = len(path) - len(tail)
    if end < len(head) or not path.startswith(head) or not path.endswith(tail):
        return False
    at = len(head)
    for piece in rest:  # the leftmost place for each piece leaves the most room for the others
        at = path.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _negated_match(item: str, path: str) -> bool:
    pattern = item.lstrip("!")
    return not pattern or _fits(pattern, path)  # an item of only "!" speaks of every path


def matches(mask: str, path: str) -> bool:
    """Whether a comma-separated mask list matches a symbol path (docs/protocol.md 7.6).

    Case-sensitive.  A matching negated item decides against, wherever it stands; else one matching item
    is enough.  An empty mask or path never matches.
    """
    if not mask or not path:
        return False
    items = [item for part in mask.split(",") if (item := part.strip(_BLANKS))]
    if any(item[0] == "!" and _negated_match(item, path) for item in items):
        return False
    return any(item[0] != "!" and _fits(item, path) for item in items)
