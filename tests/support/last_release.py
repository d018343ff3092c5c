# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection at the commit of its last release, checked out beside the tree from the repository's own history."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.playbook import ROOT

#: The file that records the commit.
RECORD = ROOT / "tests/upgrade/LAST_RELEASE"
COLLECTION = "ansible_collections/convosphere/platform"


def commit() -> str:
    """Return the commit of the last release."""
    return RECORD.read_text().split()[0]


def check_out(folder: Path, repository: Path = ROOT) -> Path:
    """Write the last release below ``folder``, a directory for ANSIBLE_COLLECTIONS_PATH, and return its checkout.

    Without the commit, as in a shallow clone, the AssertionError names the command that fetches it.
    """
    git = ("git", "-C", str(repository))
    known = subprocess.run([*git, "cat-file", "-e", f"{commit()}^{{commit}}"], capture_output=True, check=False)
    assert known.returncode == 0, (
        f"The repository {repository} does not have commit {commit()}, which {RECORD.relative_to(ROOT)} records as the "
        f"last release: it is a shallow clone, or no clone at all. Fetch the commit: git fetch --unshallow, or "
        f"git fetch --depth=1 origin {commit()}. In a workflow: fetch-depth 0."
    )
    checkout = folder / COLLECTION
    checkout.mkdir(parents=True)
    archive = subprocess.run([*git, "archive", commit()], capture_output=True, check=True).stdout
    subprocess.run(["tar", "--extract", "--directory", str(checkout)], input=archive, check=True)
    return checkout
