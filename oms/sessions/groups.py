"""Exception groups, as nurseries raise them, for whoever tells one reason."""

from typing import TypeVar

E = TypeVar("E", bound=BaseException)


def first_error(group: BaseExceptionGroup[E]) -> E:
    """The first error of a group that is none itself."""
    why = group.exceptions[0]
    return first_error(why) if isinstance(why, BaseExceptionGroup) else why
