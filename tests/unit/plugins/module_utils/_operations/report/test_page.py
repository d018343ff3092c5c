# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page: every section, every text escaped, and nothing that a browser would load or run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import page

from support import reports

HOSTILE = "</td><script src=//x.org>alert(1)</script><img onerror=x>\"'&<b>\x1b[31m\u202e"
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T")
#: The words that the page compares.
WORDS = {"well", "attention", "failed", "running", "healthy", "ok", "changed", "skipped", "boot", "restore", "checksum"}


class Parsed(HTMLParser):
    """What a browser would see of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[tuple[str, tuple[str, ...]]] = set()
        self.open: list[str] = []
        self.text = ""
        self.headings: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, tuple(sorted(name for name, _value in attrs))))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if "style" in self.open else data
        self.headings += [data] if self.open[-1:] == ["h2"] else []


def hostile(value: Any) -> Any:
    """Return a document in which every text that is not a time or a word of the page's own is hostile."""
    if isinstance(value, dict):
        return {name: hostile(each) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    kept = not isinstance(value, str) or TIME.match(value) or value in WORDS
    return value if kept else HOSTILE


@pytest.fixture(scope="module")
def full() -> dict[str, Any]:
    return {**reports.nights(40), "hosts": ["prod-1", "app-1"]}


def test_every_section_is_there(full):
    assert Parsed(page.render(full)).headings == [
        "What was not done, and why",
        "What this run did",
        "Last verification",
        "Growth",
        "Services",
        "Expires within 30 days",
        "Administrators",
        "Largest tables",
        "Disk",
    ]


def test_every_text_is_escaped(full):
    tame, wild = Parsed(page.render(full)), Parsed(page.render(hostile(full)))

    assert wild.tags == tame.tags
    assert wild.open == tame.open == []
    assert "<script src=//x.org>alert(1)</script>" in wild.text
    assert "\x1b" not in wild.text
    assert "\u202e" not in wild.text


def test_nothing_is_loaded_and_nothing_runs(full):
    text = page.render(full)

    assert {tag for tag, _attributes in Parsed(text).tags}.isdisjoint(
        {"script", "img", "iframe", "object", "a", "form"}
    )
    assert not re.search(r"https?:|url\(|@import|//[a-z]", text)
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    assert len(text) < 150_000


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"read": reports.facts(backups=[], database_bytes=None, admins=None)}, "No backup is verified."),
        ({"hosts": []}, "No service was found."),
        ({}, "Nothing."),
        ({}, "This is the first report."),
        ({"read": reports.facts(admins=None)}, "The administrators could not be read yet."),
    ],
)
def test_what_is_not_known_is_said(more, sentence):
    assert sentence in Parsed(page.render(reports.document(**more))).text


def test_what_was_not_done_for_the_same_reason_is_one_row():
    run = {**reports.options()["run"], "left_out": ["drift", "disk"]}

    assert "drift, disk" in Parsed(page.render(reports.document(run=run))).text


def test_a_host_is_named_if_there_are_several():
    hosts = [{"name": name, "steps": [reports.step("prune")], "services": [], "problem": ""} for name in ("a-1", "b-1")]

    assert "a-1" in Parsed(page.render(reports.document(hosts=hosts))).text
    assert "a-1" not in Parsed(page.render(reports.document(hosts=hosts[:1]))).text


def test_an_earlier_measurement_has_its_time():
    first = reports.night(1, None)
    second = reports.document(first)

    assert f"As of {first['ended']}" in Parsed(page.render(second)).text
    assert "As of" not in Parsed(page.render(first)).text
