"""The page stands by itself, and what a client or a broker wrote is text in it."""

from html.parser import HTMLParser
from typing import Any

import pytest

from oms.explain import page
from oms.explain.page import duration

from .scene import HOSTILE, Told

pytestmark = pytest.mark.slow
# What may stand in a page of ours; none of it loads or runs anything.
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "section",
        "h1",
        "h2",
        "h3",
        "p",
        "br",
        "div",
        "span",
    ),
    *("table", "tr", "th", "td", "ul", "li", "code", "pre", "details", "summary"),
}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "style", "open"}
EMPTY = {"meta", "br"}


class Read(HTMLParser):
    """Its elements, balanced, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("asked", ["filled", "partly", "denied", "lost", "order:6", "placed"])
def test_it_loads_and_runs_nothing(told: Told, asked: str) -> None:
    text = page(told.explained(asked))
    read = Read(text)
    assert read.open == []
    assert read.tags <= TAGS
    assert read.attributes <= ATTRIBUTES
    assert "url(" not in text
    assert "default-src 'none'" in text


def test_what_others_wrote_is_text(told: Told) -> None:
    text = page(told.explained("filled"))
    assert HOSTILE not in text
    assert HOSTILE in "".join(Read(text).text)


def test_all_of_the_story_is_in_it(told: Told) -> None:
    story = told.explained("lost")
    text = "".join(Read(page(story)).text)
    for step in story["timeline"]:
        assert step["says"] in text
        assert step["hash"] in text
    for name in story["decisions"][0]["inputs"]:
        assert name in text


def test_a_letter_that_does_something_to_a_page_is_shown_by_its_number(told: Told) -> None:
    story: dict[str, Any] = told.explained("denied")
    story["subject"] = story["subject"] | {"name": "a\x00b\u202e"}
    text = page(story)
    assert "\x00" not in text
    assert "a\\x00b\\u202e" in text


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.00041, "0.41 ms"), (0.0123, "12.3 ms"), (-0.0123, "-12.3 ms"), (1.5, "1.50 s"), (61.2, "61 s")],
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
