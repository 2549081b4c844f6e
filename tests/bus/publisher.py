"""A publisher to be killed: writes a journal and publishes it, and says on stdout how far the stream is."""

import sys
from functools import partial
from pathlib import Path

import trio

from oms.bus.bridge import bridged
from oms.bus.options import NatsOptions
from oms.bus.outbox import OutboxState, Pace, publish_journal
from tests.bus.scene import writer
from tests.eventlog.scene import drafts

AT_ONCE = 20


async def main(folder: Path, url: str, until: int) -> None:
    with writer(folder) as source:
        async with bridged(NatsOptions(urls=(url,))) as bridge, trio.open_nursery() as nursery:
            nursery.start_soon(partial(publish_journal, bridge, source, told=say, pace=Pace()))
            while source.seq < until:
                source.write(*drafts(*range(source.seq, source.seq + AT_ONCE)))
                await trio.sleep(0.001)
            await trio.sleep_forever()


def say(state: OutboxState) -> None:
    sys.stdout.write(f"{state.published}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
