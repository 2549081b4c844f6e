"""Variables that stand for keys: OMS_<TABLE>_<KEY>, OMS_ACCOUNTS_<LABEL>_<KEY>.

A label is written in capitals, its - as _.  Variables of other commands (OMS_PAPER_...) are nobody's business
here; one that begins like ours and is none is a mistake.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final, get_type_hints

import msgspec

from oms.toml_lines import Key

from .settings import ACCOUNTS, SECTIONS, AccountSettings, Table

BEGIN: Final = "OMS"


@cache
def hints_of(table: type[Table]) -> Mapping[str, Any]:
    """The keys of a table, each with its type hint."""
    return get_type_hints(table, include_extras=True)


def variable(key: Key) -> str:
    """The variable that stands for a key."""
    return "_".join([BEGIN, *(str(step).replace("-", "_").upper() for step in key)])


def keys_by_variable(labels: Iterable[str]) -> dict[str, list[Key]]:
    """Every variable there may be, and the keys that it stands for: more than one if labels are alike."""
    found: dict[str, list[Key]] = {}
    for key in _keys(labels):
        found.setdefault(variable(key), []).append(key)
    return found


def _keys(labels: Iterable[str]) -> Iterator[Key]:
    for name, table in SECTIONS.items():
        yield from ((name, field) for field in hints_of(table))
    fields = [field for field, hint in hints_of(AccountSettings).items() if not _is_table(hint)]
    for label in labels:
        yield from ((ACCOUNTS, label, field) for field in fields)


def _is_table(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def unheard_of(environ: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """Variables that begin like ours and stand for nothing."""
    ours = tuple(f"{variable((name,))}_" for name in (*SECTIONS, ACCOUNTS))
    return sorted({name for name in environ if name.startswith(ours)} - set(known))
