# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options for what a backup has beside the database."""

from __future__ import annotations


class ModuleDocFragment:
    """Where uploads and vectors are, and how the platform is kept from writing meanwhile."""

    DOCUMENTATION = r"""
options:
  project_name:
    description:
      - The name of the Compose project, for example V(convosphere-prod), whose service C(backend) has the uploads in
        C(/app/uploads) and whose service C(weaviate) has the vectors.
      - Needed for anything but the database.
    type: str
  freeze:
    description:
      - Whether the backend is paused while uploads are read and the vector store sets its backup aside, so that all
        parts are of one moment. Requests wait meanwhile and do not fail, unless a proxy loses its patience. The
        database itself takes but an instant of that, and is dumped afterwards.
      - A process of its own lets the backend go on when the run ends, also where it is killed.
      - With V(false) nothing waits, and a file may be in the uploads that the database does not know yet, or the other
        way round.
      - Has no meaning for a backup of the database alone, which never needs it.
    type: bool
    default: true
  freeze_timeout:
    description:
      - How many seconds the backend may be paused, and the vector store may take to set its backup aside.
      - When they are over, the backend goes on and the backup fails.
    type: int
    default: 600
  weaviate_api_key:
    description: The key for the vector store, where it does not answer without one.
    type: str
requirements:
  - Docker SDK for Python >= 5.0.3 for anything but the database (Debian and Ubuntu package python3-docker)
  - requests, for vectors (Debian and Ubuntu package python3-requests)
"""
