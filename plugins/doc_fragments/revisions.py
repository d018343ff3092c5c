# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options by which revisions of an image are run."""

from __future__ import annotations


class ModuleDocFragment:
    """Document where the revisions are, which of them are special, and how long they may take."""

    DOCUMENTATION = r"""
options:
  service:
    description: The backend's service in the project.
    type: str
    default: backend
  alembic_directory:
    description: The directory of C(alembic.ini) in the image.
    type: str
    default: /app/backend
  accept:
    description: Revisions that are run although they are known to destroy data or to fail.
    type: list
    elements: str
    default: []
  assume:
    description: Revisions that are recorded without running them if they are missing.
    type: list
    elements: str
    default: []
  migration_timeout:
    description: The number of seconds for all revisions.
    type: int
    default: 3600
"""
