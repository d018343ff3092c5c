# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which modules reach PostgreSQL's own programs."""

from __future__ import annotations


class ModuleDocFragment:
    """Where pg_dump and pg_restore run."""

    DOCUMENTATION = r"""
options:
  login_container:
    description:
      - The container that PostgreSQL runs in, for example V(convosphere-dev-postgres-1). C(pg_dump), C(pg_restore) and
        C(psql) run in it, so that they are always of the server's own version.
      - Not given means the programs on the managed host, which have to be of the server's major version.
    type: str
  docker_host:
    description:
      - The URL of the Docker Engine of O(login_container).
      - Where it is not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
requirements:
  - the client programs of PostgreSQL, of the server's major version, in O(login_container) or on the managed host
"""
