"""docs/configuration.md: every key, written from its declaration, or compared with it.

    python -m tests.docs_config            writes the document
    python -m tests.docs_config --check    changes nothing; exit code 1 and a diff when it differs

The whole file is generated: the meaning of a key is the comment behind its declaration in
`oms/config/settings.py`, that of a table its docstring.
"""

import argparse
import difflib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from oms.config.environment import hints_of
from oms.config.kinds import kind_of
from oms.config.settings import SECTIONS, AccountSettings, RiskSettings, Table
from tests.docs_tables import _comments

DOCUMENT: Final = Path(__file__).parent.parent / "docs" / "configuration.md"
REMEDY: Final = "python -m tests.docs_config"
DIFF_LIMIT: Final = 60  # lines: the rest says nothing new

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
warning.

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
    comments = _comments(table.__module__)[table.__name__]
    hints = hints_of(table)
    for field in msgspec.structs.fields(table):
        hint = hints[field.name]
        if not (isinstance(hint, type) and issubclass(hint, msgspec.Struct)):
            says = kind_of(hint).says
            yield f"| `{field.name}` | {says} | {_default(field)} | {comments[field.name]} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value: Any = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    if value in (None, "", b"", (), {}):
        return "none"
    (value,) = value if isinstance(value, tuple) else (value,)
    return f"`{json.dumps(value)}`"


def differences(text: str, path: Path) -> Iterator[str]:
    """The diff between the document and what the declarations want, cut short."""
    wanted = render().splitlines()
    lines = list(difflib.unified_diff(text.splitlines(), wanted, f"{path}", "as declared", n=0, lineterm=""))
    yield from lines[:DIFF_LIMIT]
    if len(lines) > DIFF_LIMIT:
        yield f"... {len(lines) - DIFF_LIMIT} more lines"


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = sys.stdout.write) -> int:
    """Write or check the document; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.docs_config", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 and a diff")
    parser.add_argument("path", nargs="?", type=Path, default=DOCUMENT, help="another copy of the document")
    options = parser.parse_args(arguments)
    path: Path = options.path
    if not options.check:
        path.write_text(render(), "utf-8")
        return 0
    diff = list(differences(path.read_text("utf-8") if path.exists() else "", path))
    if diff:
        say("\n".join([*diff, f"{path} differs from the declarations; `{REMEDY}` mends it", ""]))
    return int(bool(diff))


if __name__ == "__main__":
    sys.exit(main())
