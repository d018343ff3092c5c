# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of docs/playbooks.md and docs/topology.md from those of plugins/plugin_utils."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.convosphere.platform.plugins.plugin_utils._reference import insert

if __name__ == "__main__":
    for name in ("playbooks", "topology"):
        document = Path(__file__).resolve().parents[1] / f"docs/{name}.md"
        document.write_text(insert(document.read_text()))
        print(f"{document} is up to date")
