"""What a handler is given: the books that the query is about, of now or of then."""

from typing import Final, NamedTuple

from oms.domain.events import AccountState
from oms.projections import Books

from .view import View

# From what lets nothing pass to what lets everything pass; reconciling lets closes through, as reducing does.
NARROWEST_FIRST: Final = (
    *("closed", "refused", "connecting", "halted", "read_only", "dirty", "restored"),
    *("reconciling", "difference", "reducing", "active", "ready"),
)
READY: Final = "ready"


class Asked(NamedTuple):
    """A query's subject."""

    view: View
    books: Books
    seq: int  # the last event in them
    past: bool = False  # the books are those of then, and nothing else is known of then

    @property
    def standing(self) -> AccountState | None:
        """Link and permission; of then as they were written down."""
        return self.books.terms.standing if self.past else self.view.standing

    @property
    def stale(self) -> bool:
        """Whether the venue may know more: it is not there, or the books were not compared with it yet."""
        return not self.past and self.view.standing.link != READY


def narrower(link: str, permission: str) -> str:
    """Which of the two lets less pass: an account's state.  An unlisted word is narrower than all."""
    if link == READY:
        return permission
    found = NARROWEST_FIRST
    return min(link, permission, key=lambda word: found.index(word) if word in found else -1)
