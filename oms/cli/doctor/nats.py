"""NATS: whether it is there, lets us in, and has JetStream."""

from typing import Final

import msgspec

from oms.bus.errors import BusError, NoResponders
from oms.bus.options import NatsOptions, place
from oms.cli.asking import asking, options_of
from oms.cli.doctor.finding import Finding, ok, problem
from oms.cli.ending import Failure
from oms.config import NatsSettings
from oms.sessions.groups import first_error

INFO: Final = "$JS.API.INFO"
WHAT: Final = "nats"
MB: Final = 1_000_000


class _Error(msgspec.Struct):
    description: str = ""


class _Info(msgspec.Struct):
    """What is read of JetStream's answer about our account there."""

    streams: int = 0
    storage: int = 0  # bytes
    error: _Error | None = None


async def nats(settings: NatsSettings) -> Finding:
    """Connects as the daemon would, and asks JetStream how it is."""
    found: list[Finding] = []
    try:
        options = options_of(settings)
        async with asking(options) as bridge:
            try:
                message = await bridge.request(INFO)
                found.append(_judged(options, message.payload))
            except NoResponders:
                found.append(
                    problem(WHAT, f"{_places(options)} is there, without JetStream", "start it with -js")
                )
            except BusError as why:
                found.append(
                    problem(WHAT, f"{_places(options)}: JetStream: {why}", "its log, its permissions")
                )
    except* Failure as group:
        found.append(
            problem(WHAT, str(first_error(group)), "is nats-server running? docs/configuration.md, [nats]")
        )
    return found[0]


def _judged(options: NatsOptions, payload: bytes) -> Finding:
    try:
        info = msgspec.json.decode(payload, type=_Info)
    except msgspec.MsgspecError as why:
        return problem(WHAT, f"JetStream's answer is none: {why}", "is that a NATS server?")
    if info.error is not None:
        return problem(WHAT, f"JetStream: {info.error.description}", "enable it for our account there")
    used = f"{info.streams} streams, {info.storage / MB:.1f} MB"
    return ok(WHAT, f"{_places(options)}, JetStream has {used}; shown: {options.identity}")


def _places(options: NatsOptions) -> str:
    return ", ".join(map(place, options.urls))
