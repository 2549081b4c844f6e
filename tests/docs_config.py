"""docs/configuration.md, written from the declarations of the settings.

The meaning of a key is the comment behind its declaration in `oms/config/settings.py`, that of a table its
docstring.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args, get_origin

import msgspec

from oms.config.environment import hints_of
from oms.config.kinds import kind_of
from oms.config.settings import SECTIONS, AccountSettings, ClientRiskSettings, RiskSettings, Table
from tests.docs_fields import comments_of

HEAD: Final = """\
# Configuration

One TOML file, variables of the environment over it. Written from the declarations in
`oms/config/settings.py`; do not edit.

```toml
[nats]
url = "nats://127.0.0.1:4222"

[data]
dir = "/var/lib/oms"

[accounts.main]                        # the label: `main` in subjects, `journal/main.db`
url = "ws://127.0.0.1:8600/terminal"
login = 1001
password = { env = "MAIN_PASSWORD" }
symbols = ["EURUSD", "Forex\\\\*"]       # names and path masks

[accounts.second]
url = "ws://127.0.0.1:8600/terminal"
login = 1002
password = { file = "second.password" }
```

`oms config check -c oms.toml` says what would be used and where each value is from, or everything that is
wrong: each problem as `file:line: key: what`, on stderr, with exit code 2. `--json` gives one object
instead. It contacts nobody.

Nothing is guessed. A key that is not listed here is refused, and so is a value of another type (a number as
text, a 1 for `true`) or out of its bounds, a file without accounts, one account (`url`, `login`) under two
labels. Paths are relative to the folder of the file.

## Secrets

`password`, `otp`, `token`, `nkey` are text in the file, or name a place:

| written as | taken from |
| --- | --- |
| `{ env = "NAME" }` | a variable of the environment |
| `{ file = "PATH" }` | a file, UTF-8, without the end of its last line |
| `{ keyring = "SERVICE/USER" }` | the system's keyring (`keyring set SERVICE USER` puts it there) |

They are looked up when the file is loaded; one that is not there is a problem like any other. They are in
no output, no log, no message. A file that holds one and can be read by everybody on the machine gives a
warning. Commands that only look (`oms log`, `oms state`, `oms watch`) read the one section that they need,
and no secrets beside it.

## Environment

Every key with one value can be set by a variable, which goes before the file: `OMS_<TABLE>_<KEY>`, in
capitals, as in `OMS_NATS_URL`, `OMS_DATA_DIR`, `OMS_HTTP_PORT`; of an account `OMS_ACCOUNTS_<LABEL>_<KEY>`,
where a `-` of the label is a `_`, and the account must be in the file. The value is written without quotes;
that of a secret is the secret itself. Paths are then relative to the working directory. Lists and tables
are in the file only, but `OMS_NATS_URL` may hold several URLs with commas between. A variable that begins
like these and stands for no key is refused, unless a secret names it as its source; other variables,
`OMS_...` or not, do not matter.
"""


def render() -> str:
    """The document."""
    tables: dict[str, type[Table]] = {
        **SECTIONS,
        "accounts.LABEL": AccountSettings,
        "accounts.LABEL.risk": RiskSettings,
        "accounts.LABEL.risk.clients.CLIENT": ClientRiskSettings,
    }
    return "\n".join([HEAD, *(_section(name, table) for name, table in tables.items())])


def _section(name: str, table: type[Table]) -> str:
    lines = [
        f"## [{name}]",
        "",
        (table.__doc__ or "").replace("\n    ", "\n").replace(".  ", ". ").strip(),
        "",
    ]
    rows = list(_rows(table))
    head = ["| key | is | default | meaning |", "| --- | --- | --- | --- |"]
    return "\n".join(lines + ([*head, *rows, ""] if rows else []))


def _rows(table: type[Table]) -> Iterator[str]:
    comments = comments_of(table)
    hints = hints_of(table)
    for field in msgspec.structs.fields(table):
        hint = hints[field.name]
        if not (isinstance(hint, type) and issubclass(hint, msgspec.Struct)) and _is_key(hint):
            says = kind_of(hint).says
            yield f"| `{field.name}` | {says} | {_default(field)} | {comments[field.name]} |"


def _is_key(hint: Any) -> bool:
    """Not a table of tables, which has a section of its own."""
    inner = get_args(hint)[-1:] if get_origin(hint) is Mapping else ()
    return not any(isinstance(one, type) and issubclass(one, Table) for one in inner)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value: Any = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if value in (None, "", b"", (), {}):
        return "none"
    (value,) = value if isinstance(value, tuple) else (value,)
    return f"`{json.dumps(value)}`"
