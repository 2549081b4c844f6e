"""An explanation as one HTML page: nothing is loaded, nothing runs, so it can be mailed, kept and printed.

Text that came from a broker or a client is only ever text: everything is escaped, and the page forbids
scripts, images and connections to itself.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

Told = Mapping[str, Any]

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
STYLE: Final = """
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p.lead { margin: 0; opacity: .75 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line) }
th { font-weight: 600; white-space: nowrap } td.n { text-align: right; font-variant-numeric: tabular-nums }
td.at { white-space: nowrap }
code, pre { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere }
pre { background: var(--soft); padding: .5rem; white-space: pre-wrap; margin: .3rem 0 }
.stage { display: inline-block; padding: 0 .5rem; border-radius: .6rem; color: #fff; background: #607080 }
.sent, .answered, .result { background: #2762a8 } .deal, .ledger { background: #227744 }
.order, .position { background: #1f7a85 } .outcome { background: #6a3d9a } .decided { background: #8a5a00 }
.doubt, .evidence { background: #a83232 } tr.around { opacity: .6 }
.bar { height: .7rem; background: #2762a8; border-radius: .2rem; min-width: 1px }
.bar.whole { background: #6a3d9a } .same { color: #227744 } .other { color: #a83232 }
details > summary { cursor: pointer } .small { opacity: .7; font-size: 13px }
"""


def page(told: Told) -> str:
    """The whole page, UTF-8 text."""
    subject = told["subject"]
    title = f"{subject['what']} {subject['name']} of {told['account']}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="lead">{_text(headline(told))}</p>',
        *([f"<p>{_text(published(told))}</p>"] if "publication" in told else []),
        *_section("What it came to", _results(told)),
        *_section("How long it took", _stages(told["stages"])),
        *_section("What happened", _timeline(told["timeline"])),
        *_section("What was decided, and on what", [_decision(one) for one in told["decisions"]]),
        *_section(
            "Positions", _table(("position", "open", "symbol", "side", "volume", "price"), told["positions"])
        ),
        f'<p class="small">Read from the journal of {_text(told["account"])} up to seq {told["seq"]}. Each '
        "event names its place (seq) and the hash of the chain there; what is computed from several events "
        "is called derived.</p>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def headline(told: Told) -> str:
    """What it came to, in a sentence."""
    commands = [
        f"{one['verb']} {one['command']} of {one['client']}: {one['status']}" for one in told["commands"]
    ]
    orders = [f"order {one['order']}: {one['state']}, {one['filled']} filled" for one in told["orders"]]
    whose = "" if told["subject"]["ours"] else "not made by a command of ours"
    return "; ".join(one for one in (whose, *commands, *orders) if one) or "nothing is known of it"


def published(told: Told) -> str:
    """What the stream holds of it, in a sentence."""
    counts = told["publication"]
    stream = told["timeline"][0]["stream"] if told["timeline"] else "the stream"
    return (
        f"{stream} holds {counts['same']} of its events with the same bytes, {counts['other']} with others; "
        f"{counts['missing']} are not in it"
    )


def _section(title: str, parts: Sequence[str]) -> list[str]:
    return [f"<section><h2>{_text(title)}</h2>", *parts, "</section>"] if parts else []


def _results(told: Told) -> list[str]:
    return [
        *_table(
            (
                "command",
                "client",
                "verb",
                "symbol",
                "status",
                "order",
                "volume",
                "filled",
                "price",
                "retcode",
            ),
            told["commands"],
        ),
        *_table(("order", "state", "filled", "remaining", "price", "command", "client"), told["orders"]),
        *_table(
            ("deal", "order", "position", "type", "entry", "volume", "price", "profit", "commission", "swap"),
            told["deals"],
        ),
    ]


def _stages(stages: Sequence[Told]) -> list[str]:
    """Bars, the longest of a command's as wide as there is room."""
    rows = []
    for one in stages:
        same = [abs(two["seconds"]) for two in stages if two["command"] == one["command"]]
        share = 100 * abs(one["seconds"]) / (max(same) or 1)
        kind = "bar whole" if one["stage"] == "whole" else "bar"
        rows.append(
            f"<tr><td>{_text(one['command'])}</td><td>{_text(one['stage'])}</td>"
            f'<td class="n">{_text(duration(one["seconds"]))}</td>'
            f'<td style="width:50%"><div class="{kind}" style="width:{share:.2f}%"></div></td></tr>'
        )
    head = "<tr><th>command</th><th>stage</th><th>took</th><th></th></tr>"
    return [f"<table>{head}{''.join(rows)}</table>"] if rows else []


def _timeline(steps: Sequence[Told]) -> list[str]:
    rows = []
    for one in steps:
        kind = ' class="around"' if one["around"] else ""
        cause = "" if one["cause"] is None else f"because of {one['cause']}"
        rows.append(
            f'<tr{kind}><td class="n">{one["seq"]}</td>'
            f'<td class="at"><code>{_text(one["recorded_at"])}</code><br>'
            f'<span class="small">+{_text(duration(one["since_first"]))}</span></td>'
            f'<td><span class="stage {_text(one["stage"])}">{_text(one["stage"])}</span></td>'
            f'<td>{_text(one["says"])}<br><span class="small">{_text(cause)}</span>{_evidence(one)}</td></tr>'
        )
    head = "<tr><th>seq</th><th>recorded (UTC)</th><th>stage</th><th>what</th></tr>"
    return [f"<table>{head}{''.join(rows)}</table>"] if rows else []


def _evidence(step: Told) -> str:
    names = ("type", "venue_time", "trace", "subject", "stream", "copy", "hash", "data")
    told = {name: step[name] for name in names if name in step}
    said = "computed from the ledger's events" if step["derived"] else step["type"]
    return f"<details><summary>{_text(said)}</summary>{_json(told)}</details>"


def _decision(one: Told) -> str:
    again = one["again"]
    if again["same"] is None:
        verdict = f"not decided again: {again['kept']}"
    elif again["same"]:
        verdict = "decided again on the same: the same"
    else:
        verdict = f"decided again on the same: {again['verdict']}, otherwise"
    css = "same" if again["same"] else "other"
    at = ", at the prices that were asked for" if one["at_prices"] else ""
    reasons = "".join(
        f"<li><code>{_text(why['code'])}</code> {_text(why['message'])}</li>" for why in one["reasons"]
    )
    inputs = one["inputs"]
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td>{_value(value)}</td></tr>" for name, value in inputs.items()
    )
    differs = _json(again["differences"]) if again.get("differences") else ""
    return (
        f"<h3>{_text(one['verb'])} {_text(one['command'])}: {_text(one['verdict'])}{at}</h3>"
        f'<p class="{css}">{_text(verdict)}</p>{differs}'
        f"{f'<ul>{reasons}</ul>' if reasons else ''}"
        f"<details open><summary>asked for</summary>{_json(one['request'])}</details>"
        f"{_sent(one['intent'])}"
        f"<details open><summary>all that it was decided on</summary><table>{rows}</table></details>"
    )


def _sent(intent: Told | None) -> str:
    return "" if intent is None else f"<details open><summary>to be sent</summary>{_json(intent)}</details>"


def _value(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return _json(value) if value else '<span class="small">none</span>'
    return _text(_plain(value))


def _table(columns: Sequence[str], rows: Iterable[Told]) -> list[str]:
    """Columns in which something stands."""
    found = list(rows)
    there = [name for name in columns if any(_plain(row.get(name)) for row in found)]
    if not found:
        return []
    head = "".join(f"<th>{_text(name)}</th>" for name in there)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(_plain(row.get(name)))}</td>" for name in there) + "</tr>"
        for row in found
    )
    return [f"<table><tr>{head}</tr>{body}</table>"]


def _json(value: Any) -> str:
    return f"<pre>{_text(json.dumps(value, ensure_ascii=False, indent=1))}</pre>"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _text(value: Any) -> str:
    """Escaped; what no page may hold, such as control characters, is shown by its number."""
    text = "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in str(value))
    return escape(text, quote=True)


def duration(seconds: float) -> str:
    """As people read it: 0.41 ms, 12.3 ms, 61 s."""
    size = abs(seconds)
    if size < 1:
        return f"{seconds * 1000:.2f} ms" if size < 0.01 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if size < 10 else f"{seconds:.0f} s"
