"""A writer to be killed: appends for ever and says on stdout what was acknowledged, `seq hash` a line."""

import sys
from pathlib import Path

import trio

from oms.eventlog.envelope import Draft
from oms.eventlog.journal import Journal


async def main(folder: Path, kind: str, rows: int) -> None:
    journal = Journal.open(
        folder, "main", kind="inline" if kind == "inline" else "thread", ballast_bytes=1024 * 1024
    )
    say(journal.seq, journal.head)
    number = journal.seq
    while True:
        drafts = [
            Draft("deal.booked", 1, {"deal": str(number + place), "symbol": "EURUSD", "text": "x" * 100})
            for place in range(rows)
        ]
        recorded = await journal.append(drafts)
        number = recorded[-1].seq
        say(number, recorded[-1].hash)


def say(seq: int, head: bytes) -> None:
    sys.stdout.write(f"{seq} {head.hex()}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
