# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks that note what they know, in a directory of a test's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


class Hooks:
    """The directory of the hooks, and the notes of those that ran, in their order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "hooks"
        self.folder.mkdir()
        self._notes = folder / "hooks.notes"

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a run that has these hooks."""
        return {"convosphere_hooks_dir": str(self.folder)}

    def write(self, name: str, tasks: list[dict[str, Any]] | None = None) -> None:
        """Write a hook of these tasks, or one that adds a note."""
        note = ["sh", "-c", 'printf "%s\\n" "$0" >> "$1"', "{{ convosphere_hook | to_json }}", str(self._notes)]
        target = self.folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(
            yaml.safe_dump(tasks or [{"name": "Note the event", "ansible.builtin.command": {"argv": note}}])
        )

    def noted(self) -> list[dict[str, Any]]:
        """Return what each hook that ran knew."""
        return [json.loads(line) for line in self._notes.read_text().splitlines()] if self._notes.exists() else []
