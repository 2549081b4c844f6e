"""docs/failpoints.md, written from the list of fail points."""

from typing import Final

from oms.failpoints import POINTS, VARIABLE

HEAD: Final = f"""\
# Fail points

Points at which the daemon can be killed, to see what a crash there leaves behind. Written from the list in
`oms/failpoints.py`; do not edit.

`{VARIABLE}=intent.recorded` in the environment of `oms run` kills it with SIGKILL the first time that it
comes to that point, `{VARIABLE}=intent.recorded:3` the third time. A name that is not in the list is refused
at the start. It is for tests: where it is not set, nothing is looked at.

`make soak DURATION=600 SEED=7` kills a daemon at all of them in turn and at instants drawn by chance, while
two clients trade with a venue whose connection is cut and garbled, and NATS is restarted; then log, stream,
replies and the venue's own truth are compared. `soak-results.json` has the figures, `soak-data` what they
were made of.

"""


def render() -> str:
    """The document."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in POINTS.items()]
    return HEAD + "\n".join(["| point | there |", "| --- | --- |", *rows, ""])
