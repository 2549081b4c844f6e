"""One call to a venue's control port, from words on the command line."""

import json
import socket
from typing import Any, Final

import msgspec
import typer

from oms.paper.calls import CALLS, Call, Refusal, call_of

TIMEOUT_S: Final = 30.0
REFUSED, SENSELESS, NOBODY = 1, 2, 3


def _described(word: str, call: type[Call]) -> str:
    fields = " ".join(
        f"{field.name}=..." if field.required else f"[{field.name}=...]"
        for field in msgspec.structs.fields(call)
    )
    doc = (call.__doc__ or "").partition("\n")[0]
    return f"{word} {fields}: {doc}" if fields else f"{word}: {doc}"


WORDS: Final = "\n\n".join(_described(word, call) for word, call in sorted(CALLS.items()))


def call(control: str, word: str, fields: list[str]) -> int:
    """Make it, print the answer; the exit code."""
    host, _, port = control.rpartition(":")
    if not host or not port.isdecimal():
        return _failed(SENSELESS, "--control HOST:PORT: which venue? It says so when it starts.")
    try:
        wanted = call_of({"do": word, **_object(fields)}, strict=False)
    except Refusal as why:
        return _failed(SENSELESS, str(why))
    try:
        answer = _asked(host.strip("[]"), int(port), wanted)
    except (OSError, OverflowError, ValueError) as why:
        return _failed(NOBODY, f"{control}: no venue answers: {why}")
    if error := answer.get("error"):
        return _failed(REFUSED, f"{error['field']}: {error['message']}")
    typer.echo(json.dumps(answer["ok"]))
    return 0


def _failed(code: int, message: str) -> int:
    typer.echo(f"oms paper ctl: {message}", err=True)
    return code


def _asked(host: str, port: int, wanted: Call) -> dict[str, Any]:
    line = json.dumps(msgspec.to_builtins(wanted)).encode() + b"\n"
    with socket.create_connection((host, port), timeout=TIMEOUT_S) as connection:
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            answer = json.loads(answers.readline())
    if not isinstance(answer, dict) or answer.keys() not in ({"ok"}, {"error"}):
        raise ValueError("what answers is no control port")
    return answer


def _object(words: list[str]) -> dict[str, Any]:
    """FIELD=VALUE words as an object; dots in a field go inside.  Raises Refusal."""
    found: dict[str, Any] = {}
    for word in words:
        path, equals, value = word.partition("=")
        if not equals or not path:
            raise Refusal(word, "is not FIELD=VALUE")
        *outer, last = path.split(".")
        place = found
        for name in outer:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                raise Refusal(path, "is a value already")
        place[last] = _value(value, inside=bool(outer))
    return found


def _value(text: str, *, inside: bool) -> Any:
    """A list or an object is JSON, and inside one whatever can be: there no field says what it is."""
    if not inside and text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        if inside:
            return text
        raise Refusal(text, "is not JSON") from None
