"""The log: lines for people or for programs on one stream, those of libraries among them.

A line is an event, a constant text, and fields.  `logging.getLogger` of a library ends in the same place.
Tracebacks never hold the values of variables: those may be secrets.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import ExceptionRenderer, JSONRenderer, StackInfoRenderer, TimeStamper
from structlog.stdlib import LoggerFactory, ProcessorFormatter, add_log_level, add_logger_name
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["json", "console"]

FRAMES: Final = 30  # of a traceback
FIRST: Final = ("time", "level", "logger", "event", "account")
# Libraries that are talkative about what the daemon tells itself.
QUIET: Final = ("hypercorn", "nats")


def configure(level: Level = "info", format: Format = "json", stream: TextIO | None = None) -> None:  # noqa: A002
    """Write to `stream` (default: stderr) what has at least this level; replaces an earlier set-up.

    `json`: an object per line.  `console`: for people; colours where the stream is a terminal.
    """
    out = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=_stamps(),
            processors=[ProcessorFormatter.remove_processors_meta, *_rendering(format, colours=out.isatty())],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*_stamps(), ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def logger(name: str, **fields: Any) -> FilteringBoundLogger:
    """A log under this name, every line with these fields; may be made before `configure`."""
    log: FilteringBoundLogger = structlog.get_logger(name, **fields)
    return log


@contextmanager
def about(account: str) -> Iterator[None]:
    """Every line from within, and from tasks that are started within, names this account."""
    with bound_contextvars(account=account):
        yield


def _stamps() -> list[Processor]:
    return [
        merge_contextvars,
        add_log_level,
        add_logger_name,
        TimeStamper(fmt="iso", utc=True, key="time"),
        StackInfoRenderer(),
    ]


def _rendering(format: Format, *, colours: bool) -> list[Processor]:  # noqa: A002
    if format == "console":
        # Quoted, so that a text from outside cannot steer a terminal.
        return [
            ConsoleRenderer(
                colors=colours,
                repr_native_str=True,
                timestamp_key="time",
                exception_formatter=plain_traceback,
            )
        ]
    exceptions = ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=FRAMES))
    return [exceptions, _in_order, JSONRenderer(serializer=_json)]


def _in_order(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What every line has comes first."""
    return {**{name: event[name] for name in FIRST if name in event}, **event}


def _json(event: EventDict, **_: Any) -> str:
    """One line, whatever the fields hold: a log that raises would hide what it should tell."""
    try:
        return dumps(event, default=repr, allow_nan=False)
    except (TypeError, ValueError):  # a key or a number that JSON does not know
        return dumps({name: value if _writable(value) else repr(value) for name, value in event.items()})


def _writable(value: Any) -> bool:
    try:
        dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True
