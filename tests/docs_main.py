"""The documents that are written from declarations: all of them written, or compared.

python -m tests.docs_main            writes them
python -m tests.docs_main --check    changes nothing; exit code 1 and a diff where one differs
"""

import argparse
import difflib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests import (
    docs_commands,
    docs_config,
    docs_events,
    docs_failpoints,
    docs_metrics,
    docs_queries,
    docs_tables,
)

DOCS: Final = Path(__file__).parent.parent / "docs"
REMEDY: Final = "make docs"
DIFF_LIMIT: Final = 60  # lines: the rest says nothing new


class Document(NamedTuple):
    """A document, or a part of one, that the declarations write."""

    path: Path
    render: Callable[[str], str]  # of the text as it is
    problems: Callable[[str], list[str]] = lambda _: []  # what only an editor can mend

    def write(self, path: Path | None = None) -> list[str]:
        """Write it, or a copy of it; its problems."""
        path = path or self.path
        text = _text(path)
        path.write_text(self.render(text), "utf-8")
        return [f"{path}: {problem}" for problem in self.problems(text)]

    def check(self, path: Path | None = None) -> list[str]:
        """Compare it, or a copy of it; its problems, the diff and what to do, nothing where all is well."""
        path = path or self.path
        text = _text(path)
        said = [f"{path}: {problem}" for problem in self.problems(text)]
        diff = list(_differences(path, text, self.render(text)))
        if diff:
            said += [*diff, f"{path} differs from the declarations; `{REMEDY}` mends it"]
        return said


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _differences(path: Path, text: str, wanted: str) -> Iterator[str]:
    """The diff, cut short."""
    lines = list(
        difflib.unified_diff(
            text.splitlines(), wanted.splitlines(), f"{path}", f"{path} as declared", n=0, lineterm=""
        )
    )
    yield from lines[:DIFF_LIMIT]
    if len(lines) > DIFF_LIMIT:
        yield f"... {len(lines) - DIFF_LIMIT} more lines"


PROTOCOL: Final = Document(DOCS / "protocol.md", docs_tables.render, docs_tables.problems)
EVENTS: Final = Document(DOCS / "events.md", lambda _: docs_events.render())
CONFIGURATION: Final = Document(DOCS / "configuration.md", lambda _: docs_config.render())
METRICS: Final = Document(DOCS / "metrics.md", lambda _: docs_metrics.render())
QUERIES: Final = Document(DOCS / "queries.md", lambda _: docs_queries.render())
COMMANDS: Final = Document(DOCS / "commands.md", lambda _: docs_commands.render())
FAILPOINTS: Final = Document(DOCS / "failpoints.md", lambda _: docs_failpoints.render())
ALL: Final = (PROTOCOL, EVENTS, CONFIGURATION, METRICS, QUERIES, COMMANDS, FAILPOINTS)


def main(arguments: Sequence[str] | None = None, say: Callable[[str], object] = sys.stdout.write) -> int:
    """Write or check them all; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.docs_main", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 and a diff")
    options = parser.parse_args(arguments)
    said = [line for one in ALL for line in (one.check() if options.check else one.write())]
    say("".join(f"{line}\n" for line in said))
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
