# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an export of content, and which of them have to be written."""

from __future__ import annotations

DOCUMENTATION = r"""
name: content_files
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Compare an export of content with the files on the controller
description:
  - Turns content into the texts of a content file and of the files beside it, as docs/content.md describes them, and
    compares these with the files on the controller. Nothing is written.
  - The same content gives the same bytes. Secrets become the names of environment variables.
options:
  _terms:
    description: The rows of each section, with names instead of ids.
    type: list
    elements: dict
    required: true
  path:
    description: The path of the content file.
    type: str
    required: true
  documents:
    description: >-
      What M(convosphere.platform.convosphere_document_export) returned, which has written the files of documents. Empty
      without documents.
    type: dict
    default: {}
  mcp_servers:
    description: What M(convosphere.platform.convosphere_mcp_server) returned on each app host.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: convosphere.platform.content
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show which files an export would write
  ansible.builtin.debug:
    msg: "{{ lookup('convosphere.platform.content_files', {'tags': [{'name': 'faq'}]}, path='/srv/content/prod.yml') }}"
"""

RETURN = r"""
_raw:
  description:
    - One dictionary. C(write) has the C(path) and the C(content) of each file that is missing, differs or has another
      mode than 0600, the content file last.
    - C(folders) are the directories that are missing for those, C(files) is the number of all files.
    - C(unused) are the files in C(prompts) and C(documents) beside the content file that the export does not name.
    - C(counts) are the numbers of entries by section, C(notes) say what the export does not have, and what it needs.
  type: list
  elements: dict
"""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_export, _content_writer

#: The mode of every file of an export, which the task that writes them gives: they may hold what is confidential.
MODE = 0o600


class LookupModule(LookupBase):
    """The files of one export."""

    def run(
        self, terms: list[Mapping[str, Any]], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """Return the comparison as the only element."""
        self.set_options(var_options=variables, direct=kwargs)
        path = Path(self.get_option("path"))
        read = self.get_option("documents"), self.get_option("mcp_servers")
        content = _content_export.joined(terms[0], *read)
        found = compare(_content_writer.write(content, path.name), path.parent)
        return [
            {
                **found,
                "unused": [*found["unused"], *read[0].get("unused", ())],
                "counts": _content_export.counts(content),
                "notes": _content_export.notes(content, *read),
            }
        ]


def compare(files: Mapping[str, str], root: Path) -> dict[str, Any]:
    """Return which files below ``root`` have to be written, the missing directories, and the unused long texts."""
    differing = [name for name, text in files.items() if not _is_current(root / name, text)]
    present = (path for path in (root / _content_writer.TEXTS).rglob("*") if path.is_file())
    return {
        "write": [{"path": str(root / name), "content": files[name]} for name in differing],
        "folders": sorted({str(folder) for name in differing if not (folder := (root / name).parent).is_dir()}),
        "files": len(files),
        "unused": sorted(str(path) for path in present if str(path.relative_to(root)) not in files),
    }


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and stat.S_IMODE(path.stat().st_mode) == MODE and path.read_bytes() == text.encode()
