"""One JSON line in, one out: `oms wire decode`, `oms wire encode` (docs/protocol.md 12)."""

import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from oms.cli.wire.frames import decode_cipher, decode_frame, encode_cipher, encode_frame
from oms.cli.wire.values import (
    Line,
    WireError,
    needed,
    print_int,
    read_bytes,
    read_int,
    read_list,
    read_object,
)
from oms.cli.wire.view import from_json, to_json
from protocol.bodies import Body, Empty, One, SymbolIds, under_path
from protocol.commands import COMMANDS
from protocol.drift import Drift
from protocol.errors import LocalProtocolError, ProtocolError
from protocol.records.access import OtpSetup
from protocol.records.onboarding import FILETIME_RECORD, Filetime

# Answers that are shown as a list of the one record they are.
LISTED: Final = frozenset({("response", number) for number in (27, 28, 30, 39, 40, 41)})
RECORD: Final = One(FILETIME_RECORD)


def parse(line: bytes | str) -> Line:
    """The object on a line; `WireError` bad_json when it is none."""
    try:
        parsed = json.loads(line, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole)
    except (ValueError, RecursionError) as why:
        raise WireError("bad_json", f"not JSON: {why}") from None
    if not isinstance(parsed, dict):
        raise WireError("bad_json", "not a JSON object")
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON; write it as a string")


def _finite(digits: str) -> float | int:
    """1e999 as an integer no less absurd: as inf it could not be echoed as JSON."""
    number = float(digits)
    return number if number - number == 0 else 10**400 * (1 if number > 0 else -1)


def _whole(digits: str) -> int:
    """So many digits that Python would refuse them are out of every range all the same."""
    return int(digits) if len(digits) < 400 else 10**400 * (-1 if digits.startswith("-") else 1)


def decode(line: Line) -> Line:
    """Bytes to names: `{"kind", "command", "fields", "drift"}`."""
    kind = _kind(line)
    raw = read_bytes(needed(line, "hex"), "hex")
    with_drift: tuple[int | None, Any, Drift] = _DECODERS[kind](line, raw)
    command, fields, drift = with_drift
    return {"kind": kind, "command": command, "fields": fields, "drift": drift_json(drift)}


def encode(line: Line) -> Line:
    """Names to bytes: `{"kind", "command", "hex"}`."""
    kind = _kind(line)
    command, raw = _ENCODERS[kind](line, needed(line, "fields"))
    return {"kind": kind, "command": command, "hex": raw.hex()}


def fields_of(kind: str, command: int, value: Any) -> Any:
    """A body's typed value as the `fields` of a line."""
    body = body_of(kind, command)
    if isinstance(body, Empty):
        return {}
    if isinstance(body, SymbolIds):
        return {"count": len(value), "ids": value}
    shown = to_json(value)
    if isinstance(value, OtpSetup) and value.password_ticket is None:
        del shown["password_ticket"]
    return [shown] if (kind, command) in LISTED else shown


def drift_json(drift: Drift) -> Line:
    """Drift as JSON, empty parts left out."""
    shown: Line = {}
    if drift.unread:
        shown["unread"] = drift.unread
    if drift.unknown:
        shown["unknown"] = [{"field": told.field, "value": print_int(told.value)} for told in drift.unknown]
    if drift.ignored:
        shown["ignored"] = {told.field: to_json(told.value) for told in drift.ignored}
    return shown


def body_of(kind: str, command: int) -> Body[Any]:
    """The codec of a body; `WireError` unknown_command when the table has none."""
    spec = COMMANDS.get(command)
    part = "answer" if kind == "response" else kind
    body: Body[Any] | None = getattr(spec, part) if spec else None
    if body is None:
        raise WireError("unknown_command", f"command {command} has no {kind}", "command")
    return body


def _kind(line: Line) -> str:
    kind = needed(line, "kind")
    if not isinstance(kind, str) or kind not in _DECODERS:
        raise WireError("unknown_kind", f"kind: not one of {', '.join(_DECODERS)}", "kind")
    return kind


def _command(line: Line) -> int:
    try:
        return read_int(needed(line, "command"), "command", 0, 65535)
    except WireError as why:
        raise why if why.code == "missing" else WireError("unknown_command", str(why), "command") from None


def _decode_body(line: Line, raw: bytes) -> tuple[int, Any, Drift]:
    kind, command = line["kind"], _command(line)
    value, drift = body_of(kind, command).decode(raw)
    return command, fields_of(kind, command, value), drift


def _encode_body(line: Line, fields: Any) -> tuple[int, bytes]:
    kind, command = line["kind"], _command(line)
    body = body_of(kind, command)
    value = _value(kind, command, body, fields)
    try:
        return command, body.encode(value)
    except LocalProtocolError as why:
        raise under_path("[0]", why) if (kind, command) in LISTED else why from None


def _value(kind: str, command: int, body: Body[Any], fields: Any) -> Any:
    if isinstance(body, Empty):
        read_object(fields, "fields")
        return None
    if isinstance(body, SymbolIds):
        return from_json(body.value_type, read_object(fields, "fields").get("ids", []), "ids")
    if (kind, command) in LISTED:
        records = read_list(fields, "fields")
        if len(records) != 1:
            raise WireError("bad_value", f"fields: {len(records)} records, not one", "fields")
        return from_json(body.value_type, records[0], "[0]")
    return from_json(body.value_type, fields, "")


def _decode_record(_line: Line, raw: bytes) -> tuple[None, Any, Drift]:
    value, drift = RECORD.decode(raw)
    return None, to_json(value), drift


def _encode_record(_line: Line, fields: Any) -> tuple[None, bytes]:
    return None, RECORD.encode(from_json(Filetime, fields, ""))


_DECODERS: Final[dict[str, Callable[[Line, bytes], tuple[int | None, Any, Drift]]]] = {
    "request": _decode_body,
    "response": _decode_body,
    "push": _decode_body,
    "frame": decode_frame,
    "cipher": decode_cipher,
    "record": _decode_record,
}
_ENCODERS: Final[dict[str, Callable[[Line, Any], tuple[int | None, bytes]]]] = {
    "request": _encode_body,
    "response": _encode_body,
    "push": _encode_body,
    "frame": encode_frame,
    "cipher": encode_cipher,
    "record": _encode_record,
}


def serve(handle: Callable[[Line], Line], line: bytes, number: int) -> tuple[Line, str | None]:
    """The answer to one line, with the error's message if it is one."""
    named: Line = {}
    try:
        parsed = parse(line)
        named = {"name": parsed["name"]} if "name" in parsed else {}
        return {**named, **handle(parsed)}, None
    except (WireError, ProtocolError) as why:
        error = {"line": number, "code": why.code, "message": str(why), "field": why.field}
        return {**named, "error": error}, str(why)
