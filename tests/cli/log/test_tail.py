"""`oms log tail`: the last events, then those that come."""

import json
import signal
from pathlib import Path

import pytest

from oms.cli.log.tail import latest
from oms.eventlog.reader import SPAN, Reader, Wanted
from tests.cli.process import interrupted, lines
from tests.eventlog.scene import NOON, seqs

from .scene import SECOND, bodies, draft, journal, log


@pytest.mark.slow
def test_the_last_ones_come_first_and_then_what_is_written(tmp_path: Path) -> None:
    hedge, net = journal(tmp_path, "hedge"), journal(tmp_path, "net", NOON + SECOND // 2)
    for number in range(3):
        hedge.write([draft("deal.booked", deal=str(number))])
    net.write([draft("deal.booked", deal="9")])
    with log.running("tail", "--data", tmp_path, "-n", "3", "--json") as process:
        found = lines(process.stdout, 3)
        assert [(one["account"], one["seq"]) for one in map(json.loads, found)] == [
            ("net", 2), ("hedge", 3), ("hedge", 4)
        ]  # fmt: skip
        net.write([draft("deal.booked", deal="10")])
        assert lines(process.stdout, 1) == [bodies(tmp_path, "net")[2]]
        hedge.write([draft("deal.booked", deal="11"), draft("deal.booked", deal="12")])
        assert lines(process.stdout, 2) == bodies(tmp_path, "hedge")[4:]
        late = journal(tmp_path, "late")  # an account that is new
        assert lines(process.stdout, 1) == bodies(tmp_path, "late")
        assert interrupted(process) == (0, "")
    for one in (hedge, net, late):
        one.close()


def test_types_and_symbol_are_for_both(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge")
    hedge.write(
        [draft("deal.booked", "EURUSD", n=1), draft("deal.booked", "GBPUSD"), draft("order.ended", "EURUSD")]
    )
    arguments = ("--account", "hedge", "--type", "deal.*", "--symbol", "EURUSD", "--json")
    with log.running("tail", "--data", tmp_path, *arguments) as process:
        assert [json.loads(line)["seq"] for line in lines(process.stdout, 1)] == [2]
        hedge.write([draft("order.ended", "EURUSD"), draft("deal.booked", "EURUSD")])
        assert [json.loads(line)["seq"] for line in lines(process.stdout, 1)] == [6]
        assert interrupted(process) == (0, "")
    hedge.close()


def test_sigterm_ends_it_too_and_says_nothing(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge")
    with log.running("tail", "--data", tmp_path) as process:
        lines(process.stdout, 2)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=15)
    assert (process.returncode, out, err) == (0, "", "")
    hedge.close()


def test_whoever_stops_reading_ends_it(tmp_path: Path) -> None:
    hedge = journal(tmp_path, "hedge")
    with log.running("tail", "--data", tmp_path, "--json") as process:
        lines(process.stdout, 1)
        assert process.stdout is not None
        process.stdout.close()
        hedge.write([draft("deal.booked")])
        assert process.wait(15) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    hedge.close()


def test_an_unknown_account_is_told(tmp_path: Path) -> None:
    journal(tmp_path, "hedge").close()
    done = log("tail", "--data", tmp_path, "--account", "x")
    assert done.returncode == 3
    assert "there are: hedge" in done.stderr


@pytest.mark.slow
def test_the_last_of_a_kind_are_found_far_behind(tmp_path: Path) -> None:
    """Two of a kind before and one behind more events than are looked through at once."""
    many = journal(tmp_path, "main", step=0)
    many.write([draft("order.ended"), draft("order.ended")])
    for _ in range(SPAN // 2000 + 1):
        many.write([draft("deal.booked")] * 2000)
    many.write([draft("order.ended")])
    last = many.seq
    many.close()
    reader = Reader(many.path)
    wanted = Wanted(types=("order.*",))
    assert seqs(latest(reader, wanted, 2, last)) == [3, last]
    assert seqs(latest(reader, wanted, 9, last)) == [2, 3, last]
    assert seqs(latest(reader, wanted, 9, last - 1)) == [2, 3]
    assert latest(reader, wanted, 0, last) == []
    assert seqs(latest(reader, Wanted(), 2, last)) == [last - 1, last]
    reader.close()
