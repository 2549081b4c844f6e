"""The plain codec: what a good engineer writes in an afternoon, with the same meaning.

Tables of (name, offset, code) read field by field into dicts, the merge of docs/protocol.md 5.1 over dicts,
a new cipher and padder object for each frame.
"""

import math
import struct
from typing import Any

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Table = list[tuple[str, int, str]]

TICK_SIZE = 50
TICK: Table = [
    ("symbol_id", 0, "<I"),
    ("tick_time", 4, "<i"),
    ("fields", 8, "<I"),
    ("bid", 12, "<d"),
    ("ask", 20, "<d"),
    ("last", 28, "<d"),
    ("tick_volume", 36, "<q"),
    ("time_ms_delta", 44, "<I"),
    ("flags", 48, "<H"),
]

POSITION_SIZE = 344
POSITION: Table = [
    ("position_id", 0, "<q"),
    ("trade_order", 8, "<q"),
    ("time_create", 16, "<I"),
    ("time_update", 20, "<I"),
    ("trade_symbol", 24, "64s"),
    ("trade_action", 88, "<I"),
    ("price_open", 92, "<d"),
    ("price_close", 100, "<d"),
    ("sl", 108, "<d"),
    ("tp", 116, "<d"),
    ("trade_volume", 124, "<Q"),
    ("profit", 132, "<d"),
    ("rate_profit", 140, "<d"),
    ("rate_margin", 148, "<d"),
    ("commission", 156, "<d"),
    ("storage", 164, "<d"),
    ("expert", 172, "<q"),
    ("expert_position_id", 180, "<q"),
    ("comment", 188, "64s"),
    ("contract_size", 252, "<d"),
    ("digits", 260, "<I"),
    ("digits_currency", 264, "<I"),
    ("trade_reason", 268, "<I"),
    ("external_id", 272, "64s"),
    ("time_create_msc", 336, "<i"),
    ("time_update_msc", 340, "<i"),
]

TRADE_REQUEST: list[tuple[str, str]] = [
    ("action_id", "<I"),
    ("trade_action", "<I"),
    ("trade_symbol", "64s"),
    ("trade_volume", "<Q"),
    ("digits", "<I"),
    ("trade_order", "<Q"),
    ("trade_type", "<I"),
    ("type_filling", "<I"),
    ("type_time", "<I"),
    ("type_flags", "<I"),
    ("type_reason", "<I"),
    ("price_order", "<d"),
    ("price_trigger", "<d"),
    ("price_sl", "<d"),
    ("price_tp", "<d"),
    ("price_deviation", "<I"),
    ("price_top", "<d"),
    ("price_bottom", "<d"),
    ("comment", "64s"),
    ("trade_position", "<Q"),
    ("position_by", "<Q"),
    ("time_expiration", "<I"),
]


def records(body: bytes, size: int, table: Table) -> list[dict[str, Any]]:
    """The records of a body as dicts."""
    decoded = []
    for start in range(0, len(body) - size + 1, size):
        record: dict[str, Any] = {}
        for name, offset, code in table:
            (value,) = struct.unpack_from(code, body, start + offset)
            if code == "64s":
                value = value.decode("utf-16-le", "surrogatepass").split("\0", 1)[0]
            record[name] = value
        decoded.append(record)
    return decoded


def encode(record: dict[str, Any], table: list[tuple[str, str]]) -> bytes:
    """A dict as bytes."""
    parts = []
    for name, code in table:
        value = record[name]
        if code == "64s":
            value = value.encode("utf-16-le", "surrogatepass")
        parts.append(struct.pack(code, value))
    return b"".join(parts)


def rounded(value: float, digits: int) -> float:
    """docs/protocol.md 7.1."""
    power: float = 10**digits
    if value >= 0:
        return math.floor(value * power + 0.5000001) / power
    return math.ceil(value * power - 0.5000001) / power


def quote_state(digits: int) -> dict[str, Any]:
    """An empty state of one symbol."""
    prices = ["spread_diff", "bid", "ask", "bid_src", "ask_src", "bid_last", "ask_last", "last", "volume"]
    times = ["time", "time_ms", "time_bidask", "time_last", "fields"]
    return {**dict.fromkeys(prices + times, 0), "digits": digits, "price_close": None, "price_change": None}


def merge(
    states: dict[tuple[int, bool], dict[str, Any]], ticks: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The merge of docs/protocol.md 5.1 (without the spread adjustment, which these symbols do not have)."""
    applied = []
    for tick in ticks:
        delayed = bool(tick["flags"] & 512)
        state = states.get((tick["symbol_id"], delayed))
        if state is None:
            continue
        fields = tick["fields"]
        time = tick["tick_time"] * 1000 + tick["time_ms_delta"]
        if fields & 3 and state["time_bidask"] and time < state["time_bidask"]:
            continue
        if fields & 4 and state["time_last"] and time < state["time_last"]:
            continue
        state["time"] = tick["tick_time"] * 1000
        state["time_ms"] = time
        digits = state["digits"]
        power = 10**digits
        changed = 0
        before = state["bid"]
        if fields & 1 and tick["bid"]:
            state["bid_src"] = rounded(tick["bid"] / power, digits)
            state["time_bidask"] = time
            changed |= 1
        if fields & 2 and tick["ask"]:
            state["ask_src"] = rounded(tick["ask"] / power, digits)
            state["time_bidask"] = time
            changed |= 2
        if fields & 4 and tick["last"]:
            state["last"] = rounded(tick["last"] / power, digits)
            state["time_last"] = time
            changed |= 4
        if fields & 8:
            state["volume"] = tick["tick_volume"]
            changed |= 8
        state["bid"] = state["bid_last"] = state["bid_src"]
        state["ask"] = state["ask_last"] = state["ask_src"]
        state["fields"] = changed
        if changed & 1 and state["price_close"]:
            state["price_change"] = rounded((before - state["price_close"]) / state["price_close"] * 100, 2)
        applied.append(
            {
                "symbol_id": tick["symbol_id"],
                "time": time,
                "bid": state["bid"],
                "ask": state["ask"],
                "last": state["last"],
                "volume": state["volume"],
                "fields": changed,
                "delayed": delayed,
            }
        )
    return applied


def decrypt(key: bytes, ciphertext: bytes) -> bytes:
    """One message with objects of its own."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize()


def encrypt(key: bytes, plaintext: bytes) -> bytes:
    """One message with objects of its own."""
    padder = padding.PKCS7(128).padder()
    padded = padder.update(plaintext) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return encryptor.update(padded) + encryptor.finalize()
