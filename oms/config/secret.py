"""A text that nothing shows but the one method that says so."""

from typing import NoReturn


class Secret:
    """A password, a token, a key; `source` says where it is from, and may be shown.

    It has no text, no copy and no pickled form; equal ones hold the same.
    """

    __slots__ = ("_text", "source")

    def __init__(self, text: str, source: str = "") -> None:
        self._text = text
        self.source = source

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied")
