# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the artifact of the collection and install it, as an execution environment has it, with a project beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.awx import copy_checkout
from support.collection import NAMESPACE, ROOT


def install(folder: Path) -> Path:
    """Build and install the collection below `folder`. Return the directory that has `ansible_collections`."""
    copy_checkout(folder / "tree")
    _galaxy("build", "--output-path", str(folder), str(folder / "tree"))
    (artifact,) = folder.glob("*.tar.gz")
    _galaxy("install", "--force", "--offline", "--no-deps", "-p", str(folder / "collections"), str(artifact))
    return folder / "collections"


def write_project(folder: Path) -> Path:
    """Write a read-only project with a playbook of its own for each playbook of the collection."""
    folder.mkdir(parents=True)
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        (folder / path.name).write_text(
            f"- name: Run {path.name}\n  ansible.builtin.import_playbook: {NAMESPACE}.{path.stem}\n"
        )
        (folder / path.name).chmod(0o444)
    folder.chmod(0o555)
    return folder


def _galaxy(*arguments: str) -> None:
    subprocess.run(["ansible-galaxy", "collection", *arguments], check=True, capture_output=True)
