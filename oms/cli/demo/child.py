"""A process of ours beside us: it ends when we end, however that is."""

import ctypes
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from oms.cli.ending import FAILED, Failure

PR_SET_PDEATHSIG: Final = 1
POLITE_S: Final = 4.0  # to end by itself

Child = subprocess.Popen[str]


@contextmanager
def child(name: str, command: Sequence[str | Path], *, stdout: int = subprocess.DEVNULL) -> Iterator[Child]:
    """The process, ended at the end; killed by the system when we are killed.

    Not by way of a worker thread, whose own end would count as ours.
    """
    libc = ctypes.CDLL(None)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own commands  # pylint: disable=subprocess-popen-preexec-fn
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            text=True,
            start_new_session=True,  # Ctrl-C is for us, and we end it
            preexec_fn=partial(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL),
        )
    except OSError as why:
        raise Failure(FAILED, f"{name} cannot be started: {why}") from None
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(POLITE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
