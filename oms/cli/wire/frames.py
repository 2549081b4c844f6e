"""Frames, ciphertexts as JSON: the kinds of `oms wire` that need a key (docs/protocol.md 12)."""

from typing import Any

from oms.cli.wire.values import Line, WireError, needed, read_bytes, read_int, read_list, read_object
from protocol.cipher import KEY_SIZES, Decryptor, Encryptor
from protocol.drift import NO_DRIFT, Drift
from protocol.frame import CLIENT_PREFIX, SERVER_PREFIX, Direction, Frame, header_of, seal, unseal


def decode_frame(line: Line, raw: bytes) -> tuple[int | None, Any, Drift]:
    """The frame in a WebSocket message; the empty one has no command."""
    fields = read_object(needed(line, "fields"), "fields")
    direction, key = _direction(fields), _key(fields)
    header = header_of(raw)
    shown: Line = {"direction": direction.value, "key": key.hex(), **header._asdict()}
    frame = unseal(raw, Decryptor(key), direction)
    if frame is None:
        return None, shown, NO_DRIFT
    shown["prefix"] = list(frame.prefix)
    if frame.code is None:
        shown["payload"] = frame.body.hex()
    else:
        shown |= {"code": frame.code, "body": frame.body.hex()}
    return frame.command, shown, NO_DRIFT


def encode_frame(line: Line, fields: Any) -> tuple[int, bytes]:
    """The WebSocket message of a frame."""
    fields = read_object(fields, "fields")
    direction, key = _direction(fields), _key(fields)
    command = read_int(needed(line, "command"), "command", 0, 65535)
    request = direction is Direction.REQUEST
    prefix = CLIENT_PREFIX if request else SERVER_PREFIX
    if "prefix" in fields:
        numbers = read_list(fields["prefix"], "prefix")
        if len(numbers) != 2:
            raise WireError("bad_value", "prefix: not two numbers", "prefix")
        prefix = bytes(read_int(n, f"prefix[{i}]", 0, 255) for i, n in enumerate(numbers))
    name = "payload" if request else "body"
    body = read_bytes(fields.get(name, ""), f"{name}")
    code = None if request else read_int(fields.get("code", 0), "code", 0, 255)
    return command, seal(Frame(command, code, body, prefix), Encryptor(key))


def _direction(fields: Line) -> Direction:
    direction = needed(fields, "direction")
    if direction not in [option.value for option in Direction]:
        options = " or ".join(option.value for option in Direction)
        raise WireError("bad_value", f"direction: not {options}", "direction")
    return Direction(direction)


def _key(fields: Line) -> bytes:
    key = read_bytes(needed(fields, "key"), "key")
    if len(key) not in KEY_SIZES:
        raise WireError("bad_value", f"key: {len(key)} bytes, not 16, 24 or 32", "key")
    return key


def decode_cipher(line: Line, raw: bytes) -> tuple[None, Any, Drift]:
    """The plaintext under the line's key."""
    fields = read_object(needed(line, "fields"), "fields")
    key = _key(fields)
    plaintext = Decryptor(key).decrypt(raw)
    return None, {"key": key.hex(), "iv": bytes(16).hex(), "plaintext": plaintext.hex()}, NO_DRIFT


def encode_cipher(_line: Line, fields: Any) -> tuple[None, bytes]:
    """The ciphertext under the line's key."""
    fields = read_object(fields, "fields")
    if any(read_bytes(fields.get("iv", ""), "iv")):
        raise WireError("bad_value", "iv: always zeros", "iv")
    plaintext = read_bytes(fields.get("plaintext", ""), "plaintext")
    return None, Encryptor(_key(fields)).encrypt(plaintext)
