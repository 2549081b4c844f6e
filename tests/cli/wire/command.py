"""The real `oms wire`, as a subprocess."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

OMS = Path(sys.executable).with_name("oms")


class Ran(NamedTuple):
    """What one run of the command left."""

    code: int
    lines: list[Any]
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The messages on stderr."""
        return self.err.splitlines()


def wire(*arguments: str, given: bytes | list[Any] = b"", parsed: bool = True) -> Ran:
    """Run `oms wire` on bytes, or on one JSON line for each object."""
    stdin = given if isinstance(given, bytes) else b"".join(json.dumps(g).encode() + b"\n" for g in given)
    ran = subprocess.run([OMS, "wire", *arguments], input=stdin, capture_output=True, check=False, timeout=60)
    out, err = ran.stdout.decode(), ran.stderr.decode()
    return Ran(ran.returncode, [json.loads(line) for line in out.splitlines()] if parsed else [], out, err)
