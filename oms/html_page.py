"""One HTML page that needs nothing else: nothing is loaded or runs, so it can be mailed, kept and printed.

Text that came from a broker or a client is only ever text: everything is escaped, and the page forbids
scripts, images and connections to itself.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE: Final = """
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p.lead { margin: 0; opacity: .75 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line) }
th { font-weight: 600; white-space: nowrap }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums }
td.at { white-space: nowrap }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere }
pre { background: var(--soft); padding: .5rem; white-space: pre-wrap; margin: .3rem 0 }
details > summary { cursor: pointer } .small { opacity: .7; font-size: 13px }
"""


def framed(title: str, parts: Sequence[str], style: str = "") -> str:
    """The whole page, UTF-8 text, around parts that are HTML; `style` is added to the one of all pages."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def section(title: str, parts: Sequence[str]) -> list[str]:
    """Parts under a heading; nothing where there are none."""
    return [f"<section><h2>{text(title)}</h2>", *parts, "</section>"] if parts else []


def table(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], numbers: Collection[str] = ()
) -> list[str]:
    """Columns in which something stands; `numbers` are those that stand to the right."""
    found = list(rows)
    there = [name for name in columns if any(plain(row.get(name)) for row in found)]
    if not found:
        return []
    css = dict.fromkeys(numbers, ' class="n"')
    head = "".join(f"<th{css.get(name, '')}>{text(name)}</th>" for name in there)
    body = "".join(
        "<tr>"
        + "".join(f"<td{css.get(name, '')}>{text(plain(row.get(name)))}</td>" for name in there)
        + "</tr>"
        for row in found
    )
    return [f"<table><tr>{head}</tr>{body}</table>"]


def plain(value: Any) -> str:
    """A value as text, not escaped."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def text(value: Any) -> str:
    """Escaped; what no page may hold, such as control characters, is shown by its number."""
    shown = "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in str(value))
    return escape(shown, quote=True)
