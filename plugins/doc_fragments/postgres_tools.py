# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options by which modules run PostgreSQL's client programs."""

from __future__ import annotations


class ModuleDocFragment:
    """The container of pg_dump, pg_restore and psql."""

    DOCUMENTATION = r"""
options:
  login_container:
    description:
      - The container of PostgreSQL, for example V(convosphere-dev-postgres-1). C(pg_dump), C(pg_restore) and C(psql)
        run in it, so that they always have the server's version.
      - If not given, the programs on the managed host are used, which must have the server's major version.
    type: str
  docker_host:
    description:
      - The URL of the Docker Engine of O(login_container).
      - If not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
requirements:
  - the client programs of PostgreSQL, of the server's major version, in O(login_container) or on the managed host
"""
