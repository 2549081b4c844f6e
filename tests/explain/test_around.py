"""What went on around a doubt is told while there was one, and not for ever after."""

from contextlib import closing
from pathlib import Path

from oms.eventlog.envelope import Draft
from oms.eventlog.reader import Reader
from oms.explain.gathered import gathered
from oms.explain.subject import Related
from tests.eventlog.scene import opened

WHO = {"client": "desk", "command": "a"}
SENDING = WHO | {
    "action": "pending", "action_id": 7, "symbol": "EURUSD", "type": "buy_limit", "volume": "1.00",
    "price": "1.05", "marker": "",
}  # fmt: skip
STATE = {"link": "ready", "permission": "active", "reason": "equal"}


def around(folder: Path, *, settled: bool) -> list[int]:
    """The seqs of what is told of the account's state."""
    journal = opened(folder / "journal")
    journal.write([Draft("command.sending", 1, SENDING)])
    journal.write([Draft("account.state", 1, STATE)])
    journal.write([Draft("command.unknown", 1, WHO | {"reason": "session_ended"})])
    journal.write([Draft("account.state", 1, STATE)])
    if settled:
        journal.write([Draft("command.settled", 1, WHO | {"verdict": "found", "order": "5"})])
    journal.write([Draft("account.state", 1, STATE)])
    journal.write([Draft("order.ended", 1, {"order": "5", "state": "canceled"})])
    last = journal.seq
    journal.close()
    related = Related({("desk", "a")}, {"5"}, set(), set())
    with closing(Reader(folder / "journal" / "main.db")) as reader:
        return [one.stored.seq for one in gathered(reader, related, last) if one.around]


def test_until_it_is_settled(tmp_path: Path) -> None:
    assert around(tmp_path, settled=True) == [3, 5]


def test_until_the_end_where_it_is_not(tmp_path: Path) -> None:
    assert around(tmp_path, settled=False) == [3, 5, 6]
