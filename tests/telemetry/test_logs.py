"""The log as somebody reads it."""

import io
import json
import logging
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import trio

from oms.telemetry.logs import FRAMES, about, configure, logger

RFC_3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in ("hypercorn", "nats")}
    yield
    root.handlers, root.level = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=pytest.fail) for line in out.getvalue().splitlines()]


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    assert RFC_3339_UTC.fullmatch(line["time"])
    return {name: value for name, value in line.items() if name != "time"}


def test_a_line_is_an_object_that_begins_with_what_every_line_has(out: io.StringIO) -> None:
    configure("info", "json", out)
    logger("oms.daemon", port=8080).info("listening", host="127.0.0.1", account="main")
    (line,) = lines(out)
    assert list(line)[:5] == ["time", "level", "logger", "event", "account"]
    assert without_time(line) == {
        "level": "info",
        "logger": "oms.daemon",
        "event": "listening",
        "account": "main",
        "port": 8080,
        "host": "127.0.0.1",
    }


def test_what_is_below_the_level_is_not_written(out: io.StringIO) -> None:
    log = logger("oms.daemon")
    configure("warning", "json", out)
    log.info("no")
    logging.getLogger("some.library").info("no")
    log.warning("yes")
    logging.getLogger("some.library").warning("yes, %s", "too")
    assert [line["event"] for line in lines(out)] == ["yes", "yes, too"]


def test_a_library_ends_in_the_same_place_with_the_account_it_works_for(out: io.StringIO) -> None:
    configure("info", "json", out)

    async def session() -> None:
        await trio.lowlevel.checkpoint()
        logger("oms.sessions").info("connected")
        logging.getLogger("nats.aio.client").error("lost %d", 3)

    async def accounts() -> None:
        async with trio.open_nursery() as nursery:
            for account in ("hedge", "net"):
                with about(account):
                    nursery.start_soon(session)
        logger("oms.daemon").info("done")

    trio.run(accounts)
    found = [(line["level"], line["logger"], line["event"], line.get("account")) for line in lines(out)]
    assert sorted(found[:-1]) == [
        ("error", "nats.aio.client", "lost 3", "hedge"),
        ("error", "nats.aio.client", "lost 3", "net"),
        ("info", "oms.sessions", "connected", "hedge"),
        ("info", "oms.sessions", "connected", "net"),
    ]
    assert found[-1] == ("info", "oms.daemon", "done", None)


def test_talkative_libraries_are_heard_from_warnings_on(out: io.StringIO) -> None:
    configure("debug", "json", out)
    logging.getLogger("hypercorn.error").info("Running on http://127.0.0.1:1 (CTRL + C to quit)")
    logging.getLogger("hypercorn.error").error("Error in ASGI Framework")
    assert [line["event"] for line in lines(out)] == ["Error in ASGI Framework"]


def test_a_warning_of_python_is_a_line(out: io.StringIO) -> None:
    configure("info", "json", out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    (line,) = lines(out)
    assert (line["level"], line["logger"]) == ("warning", "py.warnings")
    assert "DeprecationWarning: old" in line["event"]


def fails(password: str, depth: int) -> None:
    if depth:
        fails(password, depth - 1)
    elif password:
        raise ExceptionGroup("two", [ValueError("one"), KeyError("other")])


@pytest.mark.parametrize("format_", ["json", "console"])
def test_a_traceback_tells_where_and_holds_no_values(format_: Any, out: io.StringIO) -> None:
    configure("info", format_, out)
    try:
        fails("tok" + "en-5731", 3)
    except ExceptionGroup:
        logger("oms.daemon").exception("stopped")
        logging.getLogger("some.library").exception("stopped")
    text = out.getvalue()
    assert text.count("ExceptionGroup") >= 2
    for told in ("two", "ValueError", "one", "KeyError", "other", "fails", __file__):
        assert told in text
    assert "token-5731" not in text


def test_a_traceback_is_structured_and_bounded(out: io.StringIO) -> None:
    configure("info", "json", out)
    try:
        fails("x", 100)
    except ExceptionGroup:
        logger("oms.daemon").exception("stopped")
    (line,) = lines(out)
    (told,) = line["exception"]
    assert told["exc_type"] == "ExceptionGroup"
    assert [part["exc_type"] for (part,) in told["exceptions"]] == ["ValueError", "KeyError"]
    assert told["frames"][-1]["name"] == "fails"
    assert len(told["frames"]) <= FRAMES + 1  # and one that says what was left out


def test_a_line_is_written_whatever_its_fields_hold(out: io.StringIO) -> None:
    configure("info", "json", out)
    ring: list[Any] = []
    ring.append(ring)
    odd = {
        "nan": float("nan"),
        "inf": [float("inf")],
        "bytes": b"\xff",
        "cut": "\ud800",
        "tuple_key": {(1,): 2},
    }
    logger("oms.daemon").info("odd", ring=ring, plain=7, **odd)
    (line,) = lines(out)
    assert without_time(line) == {
        "level": "info",
        "logger": "oms.daemon",
        "event": "odd",
        "ring": "[[...]]",
        "plain": 7,
        "nan": "nan",
        "inf": "[inf]",
        "bytes": r"b'\xff'",
        "cut": "\ud800",
        "tuple_key": "{(1,): 2}",
    }


def test_on_the_console_a_foreign_text_cannot_steer_the_terminal(out: io.StringIO) -> None:
    configure("info", "console", out)
    logger("oms.sessions").info("refused", reason="\x1b[2Jgone\nfake line")
    (line,) = out.getvalue().splitlines()
    assert "\x1b" not in line
    assert r"reason='\x1b[2Jgone\nfake line'" in line
    assert "refused" in line


def test_a_second_set_up_takes_the_place_of_the_first(out: io.StringIO) -> None:
    other = io.StringIO()
    configure("info", "json", out)
    configure("debug", "json", other)
    logger("oms.daemon").debug("once")
    assert out.getvalue() == ""
    assert [line["event"] for line in lines(other)] == ["once"]


def test_the_log_goes_to_stderr_and_never_to_stdout() -> None:
    code = (
        "import logging\n"
        "from oms.telemetry.logs import configure, logger\n"
        "configure()\n"
        "logger('oms.daemon').info('one')\n"
        "logging.getLogger('x').error('two')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["one", "two"]
