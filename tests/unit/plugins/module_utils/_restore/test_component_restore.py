# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanging uploads and vectors, and undoing as much of it as can be undone."""

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
from ansible_collections.convosphere.platform.plugins.module_utils._restore.component_restore import PartsRestore

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEPT = "/app/uploads/.convosphere_before_20260102T030405Z"
BOTH = ["database", "uploads", "vectors"]
STATE = {"uploads": {"files": 1, "bytes": 2}, "vectors": {"classes": ["Documents"], "objects": 3}}


@dataclass
class Part:
    """Stands for the volume and for the vector store: remembers what was asked, and fails where it is told to."""

    failing: dict[str, ConvosphereError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def set_aside(self, name: str, _timeout: float) -> str:
        self._do("set_aside")
        return name

    def swap(self, _new: str, _kept: str) -> None:
        self._do("swap")

    def replace(self, _name: str, _timeout: float) -> None:
        self._do("swap")

    def undo(self, _kept: str, *_timeout: float, **more: Any) -> None:
        self._do("undo")
        self.told = more

    def totals(self) -> Totals:
        self._do("totals")
        return Totals(1, 2)

    def classes(self) -> list[str]:
        return ["Documents"]

    def count(self) -> int:
        return 3

    def _do(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failing:
            raise self.failing[what]


def parts(monkeypatch: pytest.MonkeyPatch, volume: Part, store: Part) -> PartsRestore:
    manifest = SimpleNamespace(
        id="x", uploads=STATE["uploads"], vectors={"backup": "b", "classes": []}, file=lambda _kind: None
    )
    params = {"include": BOTH, "project_name": "p", "identity_file": None, "vectors_timeout": 1}
    made = PartsRestore(params, SimpleNamespace(manifest=manifest))  # type: ignore[arg-type]
    monkeypatch.setattr(made, "_volume", lambda: volume)
    monkeypatch.setattr(made, "_store", lambda: store)
    return made


def test_an_exchange_of_uploads_that_stops_halfway_is_undone(monkeypatch):
    volume, store = Part({"swap": CommandError("EBUSY")}), Part()
    restore = parts(monkeypatch, volume, store)
    restore.set_aside(NOW)
    with pytest.raises(CommandError, match="EBUSY"):
        restore.swap()

    restore.go_back()

    assert (volume.asked, store.asked) == (["swap", "undo"], ["set_aside"])


def test_nothing_is_undone_where_nothing_was_exchanged(monkeypatch):
    volume, store = Part(), Part({"set_aside": ApiError("no room")})
    restore = parts(monkeypatch, volume, store)
    with pytest.raises(ApiError, match="no room"):
        restore.set_aside(NOW)

    restore.go_back()

    assert (volume.asked, store.asked) == ([], ["set_aside"])


@pytest.mark.parametrize("written", [None, NOW])
def test_what_was_written_to_what_came_is_kept_too(monkeypatch, written):
    volume, store = Part(), Part()
    restore = parts(monkeypatch, volume, store)
    restore.set_aside(NOW)
    restore.swap()

    restore.go_back(written)

    assert volume.told == {"keep": bool(written)}
    assert store.told == {"new": "b", "aside": written and "convosphere_rejected_20260102t030405z"}


@pytest.mark.parametrize(("found", "keep"), [({"files": 1, "bytes": 2}, False), ({"files": 2, "bytes": 2}, True)])
def test_another_run_undoes_it_by_what_was_noted(monkeypatch, found, keep):
    first = parts(monkeypatch, Part(), Part())
    first.set_aside(NOW)
    note = json.loads(json.dumps(first.note()))
    volume, store = Part(), Part()
    restore = parts(monkeypatch, volume, store)
    restore.kept = note["kept"]

    restore.undo({**note["new"], "uploads": found}, NOW)

    assert note["project"] == "p"
    assert volume.told == {"keep": keep}
    assert store.told == {"new": "b", "aside": "convosphere_rejected_20260102t030405z"}
    assert (volume.asked, store.asked) == (["totals", "undo"], ["undo"])


def test_both_are_put_back_and_what_cannot_be_is_named(monkeypatch):
    volume, store = Part({"undo": CommandError("ENOSPC")}), Part({"undo": ApiError("gone")})
    restore = parts(monkeypatch, volume, store)
    restore.set_aside(NOW)
    restore.swap()

    with pytest.raises(ConvosphereError) as caught:
        restore.go_back()

    assert f"The uploads of before could not be put back, and are in {KEPT}: ENOSPC" in str(caught.value)
    assert "are in the vector store's backup convosphere_before_20260102t030405z: gone" in str(caught.value)
    assert (volume.asked, store.asked) == (["swap", "undo"], ["set_aside", "swap", "undo"])
    restore.go_back()  # nothing is tried twice


def test_whether_all_is_as_it_was(monkeypatch):
    restore = parts(monkeypatch, Part(), Part())

    assert restore.is_as(STATE) is True
    assert restore.is_as({**STATE, "uploads": {"files": 0, "bytes": 0}}) is False
    assert restore.is_as({**STATE, "vectors": {"classes": ["Documents"], "objects": 4}}) is False
    assert restore.is_as({"uploads": STATE["uploads"]}) is False
    assert parts(monkeypatch, Part({"totals": CommandError("no engine")}), Part()).is_as(STATE) is None


def test_without_a_backup_there_is_what_restores_have_kept():
    params = {"include": BOTH, "project_name": "p", "identity_file": None}

    assert str(PartsRestore(params, None)) == "uploads, vectors"
