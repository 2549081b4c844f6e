"""An explanation as one HTML page: nothing is loaded, nothing runs, so it can be mailed, kept and printed.

Text that came from a broker or a client is only ever text: everything is escaped, and the page forbids
scripts, images and connections to itself.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from oms.html_page import framed, plain, section, table, text

Told = Mapping[str, Any]

STYLE: Final = """
.stage { display: inline-block; padding: 0 .5rem; border-radius: .6rem; color: #fff; background: #607080 }
.sent, .answered, .result { background: #2762a8 } .deal, .ledger { background: #227744 }
.order, .position { background: #1f7a85 } .outcome { background: #6a3d9a } .decided { background: #8a5a00 }
.doubt, .evidence { background: #a83232 } tr.around { opacity: .6 }
.bar { height: .7rem; background: #2762a8; border-radius: .2rem; min-width: 1px }
.bar.whole { background: #6a3d9a } .same { color: #227744 } .other { color: #a83232 }
"""


def page(told: Told) -> str:
    """The whole page, UTF-8 text."""
    subject = told["subject"]
    title = f"{subject['what']} {subject['name']} of {told['account']}"
    parts = [
        f"<h1>{text(title)}</h1>",
        f'<p class="lead">{text(headline(told))}</p>',
        *([f"<p>{text(published(told))}</p>"] if "publication" in told else []),
        *section("What it came to", _results(told)),
        *section("How long it took", _stages(told["stages"])),
        *section("What happened", _timeline(told["timeline"])),
        *section("What was decided, and on what", [_decision(one) for one in told["decisions"]]),
        *section(
            "Positions", table(("position", "open", "symbol", "side", "volume", "price"), told["positions"])
        ),
        f'<p class="small">Read from the journal of {text(told["account"])} up to seq {told["seq"]}. Each '
        "event names its place (seq) and the hash of the chain there; what is computed from several events "
        "is called derived.</p>",
    ]
    return framed(title, parts, STYLE)


def headline(told: Told) -> str:
    """What it came to, in a sentence."""
    commands = [
        f"{one['verb']} {one['command']} of {one['client']}: {one['status']}" for one in told["commands"]
    ]
    orders = [f"order {one['order']}: {one['state']}, {one['filled']} filled" for one in told["orders"]]
    stop = told["subject"]["by_server"]
    whose = "" if told["subject"]["ours"] else "not made by a command of ours"
    whose = f"made by the venue: {stop} of its position" if stop else whose
    return "; ".join(one for one in (whose, *commands, *orders) if one) or "nothing is known of it"


def published(told: Told) -> str:
    """What the stream holds of it, in a sentence."""
    counts = told["publication"]
    stream = told["timeline"][0]["stream"] if told["timeline"] else "the stream"
    return (
        f"{stream} holds {counts['same']} of its events with the same bytes, {counts['other']} with others; "
        f"{counts['missing']} are not in it"
    )


def _results(told: Told) -> list[str]:
    return [
        *table(
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
        *table(("order", "state", "filled", "remaining", "price", "command", "client"), told["orders"]),
        *table(
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
            f"<tr><td>{text(one['command'])}</td><td>{text(one['stage'])}</td>"
            f'<td class="n">{text(duration(one["seconds"]))}</td>'
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
            f'<td class="at"><code>{text(one["recorded_at"])}</code><br>'
            f'<span class="small">+{text(duration(one["since_first"]))}</span></td>'
            f'<td><span class="stage {text(one["stage"])}">{text(one["stage"])}</span></td>'
            f'<td>{text(one["says"])}<br><span class="small">{text(cause)}</span>{_evidence(one)}</td></tr>'
        )
    head = "<tr><th>seq</th><th>recorded (UTC)</th><th>stage</th><th>what</th></tr>"
    return [f"<table>{head}{''.join(rows)}</table>"] if rows else []


def _evidence(step: Told) -> str:
    names = ("type", "venue_time", "trace", "subject", "stream", "copy", "hash", "data")
    told = {name: step[name] for name in names if name in step}
    said = "computed from the ledger's events" if step["derived"] else step["type"]
    return f"<details><summary>{text(said)}</summary>{_json(told)}</details>"


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
        f"<li><code>{text(why['code'])}</code> {text(why['message'])}</li>" for why in one["reasons"]
    )
    inputs = one["inputs"]
    rows = "".join(
        f"<tr><th>{text(name)}</th><td>{_value(value)}</td></tr>" for name, value in inputs.items()
    )
    differs = _json(again["differences"]) if again.get("differences") else ""
    return (
        f"<h3>{text(one['verb'])} {text(one['command'])}: {text(one['verdict'])}{at}</h3>"
        f'<p class="{css}">{text(verdict)}</p>{differs}'
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
    return text(plain(value))


def _json(value: Any) -> str:
    return f"<pre>{text(json.dumps(value, ensure_ascii=False, indent=1))}</pre>"


def duration(seconds: float) -> str:
    """As people read it: 0.41 ms, 12.3 ms, 61 s."""
    size = abs(seconds)
    if size < 1:
        return f"{seconds * 1000:.2f} ms" if size < 0.01 else f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if size < 10 else f"{seconds:.0f} s"
