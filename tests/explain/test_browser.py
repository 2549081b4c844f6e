"""The page as a browser shows it: headless Chromium (Debian's package `chromium`), without network.

`make test-html` demands it; elsewhere it is skipped, and said so, where it is not installed.
"""

import os
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from oms.explain import page

from .scene import HOSTILE, Told

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
REQUIRED = os.environ.get("OMS_CHROMIUM") == "required"  # by make test-html
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None and not REQUIRED,
        reason="chromium is not installed (apt-get install chromium): no page is opened in a browser",
    ),
]


class Shown(HTMLParser):
    """What the browser made of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.title, self.rows, self.tags = "", 0, set[str]()
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.rows += tag == "tr"
        self._in_title = tag == "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
            self._in_title = False


def opened(folder: Path, file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None, "chromium is not installed: apt-get install chromium"
    return subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
            f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", *arguments, file.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip


def test_a_browser_shows_the_whole_story(told: Told, tmp_path: Path) -> None:
    story = told.explained("lost")
    file = tmp_path / "lost.html"
    file.write_text(page(story), "utf-8")
    done = opened(tmp_path, file, "--dump-dom")
    shown = Shown(done.stdout)
    assert shown.title == "command lost of main"
    assert shown.rows > len(story["timeline"]) + len(story["stages"])
    assert "CONSOLE" not in done.stderr  # a policy that is broken, a resource that is missing


def test_a_browser_takes_what_others_wrote_for_text(told: Told, tmp_path: Path) -> None:
    file = tmp_path / "filled.html"
    file.write_text(page(told.explained("filled")), "utf-8")
    shown = opened(tmp_path, file, "--dump-dom").stdout
    assert "b" not in Shown(shown).tags
    assert HOSTILE not in shown
    assert HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in shown
