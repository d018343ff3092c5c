# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swap uploads and vectors, and undo as much of it as possible."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    ApiError,
    CommandError,
    ConvosphereError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.tar_stream import Totals
from ansible_collections.convosphere.platform.plugins.module_utils._restore.component_group import ComponentGroup

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEPT = "/app/uploads/.convosphere_before_20260102T030405Z"
BOTH = ["database", "uploads", "vectors"]
STATE = {"uploads": {"files": 1, "bytes": 2}, "vectors": {"classes": ["Documents"], "objects": 3}}


@dataclass
class Fake:
    """Stand in for the volume and for the vector store: record the calls, and fail those in ``failing``."""

    failing: dict[str, ConvosphereError] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    arguments: dict[str, Any] = field(default_factory=dict)

    def set_aside(self, name: str, _timeout: float) -> str:
        self._do("set_aside")
        return name

    def swap(self, _new: str, _kept: str) -> None:
        self._do("swap")

    def replace(self, _name: str, _timeout: float) -> None:
        self._do("swap")

    def undo(self, _kept: str, *_timeout: float, **more: Any) -> None:
        self._do("undo")
        self.arguments = more

    def totals(self) -> Totals:
        self._do("totals")
        return Totals(1, 2)

    def classes(self) -> list[str]:
        return ["Documents"]

    def count(self) -> int:
        return 3

    def _do(self, what: str) -> None:
        self.calls.append(what)
        if what in self.failing:
            raise self.failing[what]


def group(monkeypatch: pytest.MonkeyPatch, volume: Fake, store: Fake) -> ComponentGroup:
    manifest = SimpleNamespace(
        id="x", uploads=STATE["uploads"], vectors={"backup": "b", "classes": []}, file=lambda _kind: None
    )
    params = {"include": BOTH, "project_name": "p", "identity_file": None, "vectors_timeout": 1}
    restore = ComponentGroup(params, SimpleNamespace(manifest=manifest))  # type: ignore[arg-type]
    uploads, vectors = restore.components
    monkeypatch.setattr(uploads, "_volume", lambda: volume)
    monkeypatch.setattr(vectors, "_store", lambda: store)
    return restore


def test_a_swap_of_uploads_that_fails_midway_is_undone(monkeypatch):
    volume, store = Fake({"swap": CommandError("EBUSY")}), Fake()
    restore = group(monkeypatch, volume, store)
    restore.set_aside(NOW)
    with pytest.raises(CommandError, match="EBUSY"):
        restore.swap()

    restore.undo()

    assert (volume.calls, store.calls) == (["swap", "undo"], ["set_aside"])


def test_nothing_is_undone_if_nothing_was_swapped(monkeypatch):
    volume, store = Fake(), Fake({"set_aside": ApiError("no room")})
    restore = group(monkeypatch, volume, store)
    with pytest.raises(ApiError, match="no room"):
        restore.set_aside(NOW)

    restore.undo()

    assert (volume.calls, store.calls) == ([], ["set_aside"])


@pytest.mark.parametrize("written", [None, NOW])
def test_what_was_written_to_what_came_is_kept_too(monkeypatch, written):
    volume, store = Fake(), Fake()
    restore = group(monkeypatch, volume, store)
    restore.set_aside(NOW)
    restore.swap()

    restore.undo(written)

    assert volume.arguments == {"keep": bool(written)}
    assert store.arguments == {"new": "b", "aside": written and "convosphere_rejected_20260102t030405z"}


@pytest.mark.parametrize(("found", "keep"), [({"files": 1, "bytes": 2}, False), ({"files": 2, "bytes": 2}, True)])
def test_another_run_undoes_it_by_what_was_noted(monkeypatch, found, keep):
    first = group(monkeypatch, Fake(), Fake())
    first.set_aside(NOW)
    note = json.loads(json.dumps(first.note()))
    volume, store = Fake(), Fake()
    restore = group(monkeypatch, volume, store)

    restore.recover({**note, "new": {**note["new"], "uploads": found}}, NOW)

    assert note["project"] == "p"
    assert volume.arguments == {"keep": keep}
    assert store.arguments == {"new": "b", "aside": "convosphere_rejected_20260102t030405z"}
    assert (volume.calls, store.calls) == (["totals", "undo"], ["undo"])


def test_both_are_put_back_and_what_cannot_be_is_named(monkeypatch):
    volume, store = (
        Fake({"undo": CommandError("ENOSPC")}),
        Fake({"undo": ApiError("gone", hint="Set weaviate_api_key.")}),
    )
    restore = group(monkeypatch, volume, store)
    restore.set_aside(NOW)
    restore.swap()

    with pytest.raises(ConvosphereError) as caught:
        restore.undo()

    assert f"Cannot put back the previous uploads, which are kept in {KEPT}: ENOSPC" in str(caught.value)
    assert (
        "are kept in the vector store's backup convosphere_before_20260102t030405z: gone. Set weaviate_api_key"
        in caught.value.message
    )
    assert (volume.calls, store.calls) == (["swap", "undo"], ["set_aside", "swap", "undo"])
    restore.undo()  # nothing is tried twice


def test_unchanged_content_is_recognised(monkeypatch):
    restore = group(monkeypatch, Fake(), Fake())

    assert restore.is_unchanged_since(STATE) is True
    assert restore.is_unchanged_since({**STATE, "uploads": {"files": 0, "bytes": 0}}) is False
    assert restore.is_unchanged_since({**STATE, "vectors": {"classes": ["Documents"], "objects": 4}}) is False
    assert restore.is_unchanged_since({"uploads": STATE["uploads"]}) is False
    assert group(monkeypatch, Fake({"totals": CommandError("no engine")}), Fake()).is_unchanged_since(STATE) is None


class Keeper(Fake):
    """A component with two kept copies."""

    def kept(self) -> list[str]:
        return ["old", "new"]

    def discard(self, names: list[str]) -> None:
        self.calls += names


def test_only_what_was_listed_is_discarded(monkeypatch):
    volume, store = Keeper(), Keeper()
    restore = group(monkeypatch, volume, store)

    restore.discard(["uploads in old", "vectors in gone", "live_before_20260102T030405Z"])

    assert restore.kept() == ["uploads in old", "uploads in new", "vectors in old", "vectors in new"]
    assert (volume.calls, store.calls) == (["old"], [])
