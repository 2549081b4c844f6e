"""From a file and the environment to settings, or to everything that is wrong with them.

Every key is read by itself, so that one problem hides no other; what keys say against each other is looked at
where each of them makes sense.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_origin

import msgspec

from oms.toml_lines import Key
from oms.toml_text import Document, TomlError, dotted, text_of

from .environment import hints_of, keys_by_variable, unheard_of
from .kinds import Hidden, Unfit, kind_of
from .problems import ConfigError, Problem
from .secret import Secret
from .settings import ACCOUNTS, LABEL, RESERVED, SECTIONS, AccountSettings, NatsSettings, Settings, Table
from .sources import exposure, found, read, variable_of
from .urls import is_loopback, same_place

MOST_BYTES: Final = 1024 * 1024  # of a certificate or a credentials file
FILES: Final = ("creds", "tls_ca", "tls_cert", "tls_key")
SECRET_FILES: Final = ("creds", "tls_key")

TableT = TypeVar("TableT", bound=Table)


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """The settings of a file, with the variables of `environ` over it; raises ConfigError.

    Secrets are taken from where they are: afterwards no source is needed any more.
    """
    return _loading(path, environ).settings()


def load_section(
    path: Path, environ: Mapping[str, str], kind: type[TableT], *, secrets: bool = True
) -> TableT:
    """One section alone; raises ConfigError with what is wrong in it.

    For whoever only looks: the other sections may be wrong, and their secrets out of reach; without `secrets`
    also those of this one.
    """
    return _loading(path, environ).section(kind, secrets=secrets)


def _loading(path: Path, environ: Mapping[str, str]) -> "_Loading":
    try:
        document = Document(text_of(path))
    except TomlError as why:
        raise ConfigError([Problem(str(path), why.line, "", str(why))]) from None
    return _Loading(path, document, environ)


class _Given(NamedTuple):
    """What a key was given, and by whom."""

    value: Any
    place: str
    line: int
    folder: Path

    @property
    def origin(self) -> str:
        return f"{self.place}:{self.line}" if self.line else self.place


class _Loading:
    """One file being read; `problems` and `warnings` grow as it goes."""

    def __init__(self, path: Path, document: Document, environ: Mapping[str, str]) -> None:
        self._path, self._document, self._environ = path, document, environ
        self._folder = path.absolute().parent
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._origins: dict[str, str] = {}
        self._variables: dict[Key, str] = {}  # key -> the variable that is set for it
        self._referred: set[str] = set()  # variables that secrets name as their source
        self._plain = False  # a secret stands in the file itself
        self._secrets = True  # are wanted

    def settings(self) -> Settings:
        """All of it; raises ConfigError."""
        data = self._document.data
        self._refuse_unknown((), data, (*SECTIONS, ACCOUNTS))
        accounts = self._accounts_given(data.get(ACCOUNTS, {}))
        self._find_variables(accounts)
        sections = {name: self._table((name,), kind, data.get(name, {})) for name, kind in SECTIONS.items()}
        read_accounts = {label: self._account(label, given) for label, given in accounts.items()}
        made = {label: account for label, account in read_accounts.items() if account is not None}
        self._refuse_twins(made)
        if isinstance(nats := sections["nats"], NatsSettings):
            self._look_at_files(nats)
        if self._plain and (unwise := exposure(self._path)):
            # Passwords of venues on this machine are rehearsals.
            tell = self._warn if all(map(is_loopback, (one.url for one in made.values()))) else self._refuse
            tell((), f"holds a secret, and {unwise}")
        self._refuse_unheard_of()
        self._raise_problems()
        return Settings(accounts=made, origins=self._origins, warnings=tuple(self._warnings), **sections)  # type: ignore[arg-type]

    def section(self, kind: type[TableT], *, secrets: bool) -> TableT:
        """One of the sections; raises ConfigError."""
        self._secrets = secrets
        (name,) = (name for name, one in SECTIONS.items() if one is kind)
        self._find_variables({})
        made = self._table((name,), kind, self._document.data.get(name, {}))
        if isinstance(made, NatsSettings):
            self._look_at_files(made)
        self._raise_problems()
        assert made is not None  # noqa: S101 - it is None only with a problem
        return made

    # What is wrong.

    def _raise_problems(self) -> None:
        if self._problems:
            raise ConfigError(
                sorted(self._problems, key=lambda one: (one.place != str(self._path), one.line))
            )

    def _problem(self, key: Key, what: str) -> Problem:
        """Blames the variable where one is set for the key, else the line of the file."""
        if key in self._variables:
            return Problem(f"variable {self._variables[key]}", 0, dotted(key), what)
        return Problem(str(self._path), self._document.line(key), dotted(key), what)

    def _refuse(self, key: Key, what: str) -> None:
        self._problems.append(self._problem(key, what))

    def _warn(self, key: Key, what: str) -> None:
        self._warnings.append(self._problem(key, what))

    def _refuse_unknown(self, key: Key, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for name in given:
            if name not in known:
                near = get_close_matches(name[:64], known, 1)
                self._refuse((*key, name), "unknown key" + (f"; is it {near[0]}?" if near else ""))

    # Variables.

    def _find_variables(self, labels: Mapping[str, Any]) -> None:
        self._known = keys_by_variable(labels)
        for name, keys in self._known.items():
            if name in self._environ:
                self._variables |= dict.fromkeys(keys, name)
                if len(keys) > 1:
                    self._refuse(keys[0], f"stands for {' and '.join(map(dotted, keys))} at once")

    def _refuse_unheard_of(self) -> None:
        for name in unheard_of(self._environ, {*self._known, *self._referred}):
            near = get_close_matches(name[:128], self._known, 1)
            what = "stands for no key" + (f"; is it {near[0]}?" if near else "")
            self._problems.append(Problem(f"variable {name}", 0, "", what))

    # Tables.

    def _table(self, key: Key, kind: type[TableT], given: Any) -> TableT | None:
        """A table; None where something in it cannot be used, which is then among the problems."""
        if not isinstance(given, dict):
            self._refuse(key, "must be a table")
            return None
        hints = hints_of(kind)
        self._refuse_unknown(key, given, tuple(hints))
        before = len(self._problems)
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            hint, place = hints[field.name], (*key, field.name)
            if isinstance(hint, type) and issubclass(hint, Table):
                values[field.name] = self._table(place, hint, given.get(field.name, {}))
            elif (inner := _table_by_name(hint)) is not None:
                values[field.name] = self._clients(place, inner, given.get(field.name, {}))
            elif (one := self._given(place, given)) is not None:
                values[field.name] = self._value(place, hint, one)
            elif field.required:
                self._refuse(place, "must be given")
        if len(self._problems) > before:
            return None
        made = kind(**values)
        for name, what in made.contradictions() if self._secrets else ():
            self._refuse((*key, name), what)
        return made

    def _clients(self, key: Key, kind: type[TableT], given: Any) -> dict[str, TableT]:
        """A table for each client."""
        if not isinstance(given, dict):
            self._refuse(key, "must be a table")
            return {}
        found: dict[str, TableT] = {}
        for name, one in given.items():
            try:
                LABEL.read(name, self._path)
            except Unfit:
                self._refuse((*key, name), f"a client must be {LABEL.says}")
            if (table := self._table((*key, name), kind, one)) is not None:
                found[name] = table
        return found

    def _given(self, key: Key, table: Mapping[str, Any]) -> _Given | None:
        if key in self._variables:
            variable = self._variables[key]
            return _Given(self._environ[variable], f"variable {variable}", 0, Path.cwd())
        name = str(key[-1])
        if name in table:
            return _Given(table[name], str(self._path), self._document.line(key), self._folder)
        return None

    def _value(self, key: Key, hint: Any, given: _Given) -> Any:
        """What a key holds; None where it is among the problems."""
        kind = kind_of(hint)
        self._origins[dotted(key)] = given.origin
        try:
            if isinstance(kind, Hidden):
                return self._secret(key, kind, given) if self._secrets else None
            value = kind.in_toml(given.value) if key in self._variables else given.value
            return kind.read(value, given.folder)
        except Unfit as why:
            self._refuse(key, str(why) or f"must be {kind.says}")
        return None

    def _secret(self, key: Key, kind: Hidden, given: _Given) -> Secret:
        self._referred.add(variable_of(given.value))
        answer = found(given.value, kind, given.origin, given.folder, self._environ)
        if answer.exposed:
            self._refuse(key, answer.exposed)
        self._plain = self._plain or (isinstance(given.value, str) and key not in self._variables)
        return answer.secret

    # Accounts.

    def _accounts_given(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict) or not given:
            self._refuse((ACCOUNTS,), "there must be one: a table [accounts.LABEL]")
            return {}
        return given

    def _account(self, label: str, given: Any) -> AccountSettings | None:
        key = (ACCOUNTS, label)
        if label in RESERVED:
            self._refuse(key, "this label is the daemon's own")
        try:
            LABEL.read(label, self._path)
        except Unfit:
            self._refuse(key, f"a label must be {LABEL.says}")
        account = self._table(key, AccountSettings, given)
        if account is not None and account.url.startswith("ws:") and not is_loopback(account.url):
            self._warn((*key, "url"), "is not encrypted: who is on the way can read the password")
        return account

    def _refuse_twins(self, accounts: Mapping[str, AccountSettings]) -> None:
        """One account under two labels would be traded twice."""
        seen: dict[Any, str] = {}
        for label, account in accounts.items():
            first = seen.setdefault((same_place(account.url), account.login), label)
            if first != label:
                key = (ACCOUNTS, label, "login")
                self._refuse(key, f"is the account of {dotted((ACCOUNTS, first))}: same url, same login")

    # Files beside.

    def _look_at_files(self, nats: NatsSettings) -> None:
        for key, path in _files(nats):
            try:
                read(path, MOST_BYTES)
            except Unfit as why:
                self._refuse(key, str(why))
                continue
            if key[-1] in SECRET_FILES and (unwise := exposure(path)):
                self._refuse(key, unwise)


def _table_by_name(hint: Any) -> type[Table] | None:
    """The kind of the tables in a table of tables; None for a key of another kind."""
    inner = get_args(hint)[-1] if get_origin(hint) is Mapping else None
    return inner if isinstance(inner, type) and issubclass(inner, Table) else None


def _files(nats: NatsSettings) -> Iterator[tuple[Key, Path]]:
    for name in FILES:
        if (path := getattr(nats, name)) is not None:
            yield ("nats", name), path
