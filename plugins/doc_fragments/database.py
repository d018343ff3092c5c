# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options by which modules connect to the platform's PostgreSQL."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection, with the names of community.postgresql; ``PUBLISHED`` adds the container of the database.

    ``AUDIT`` adds the actor and the run for the audit trail.
    """

    DOCUMENTATION = r"""
options:
  login_host:
    description: The host of PostgreSQL for the managed host.
    type: str
    default: 127.0.0.1
  login_port:
    description: The port of PostgreSQL.
    type: int
    default: 5432
  login_user:
    description:
      - The database role. It needs the privileges to read and write the platform's tables.
      - With the password of O(login_env_file), the role that has it since the last rotation is used. It is a member of
        this one, and acts as this one.
    type: str
    default: convosphere
  login_password:
    description:
      - The role's password.
      - If not given, E(POSTGRES_PASSWORD) of O(login_env_file) is used, or else what libpq finds, for example in
        C(~/.pgpass).
    type: str
  login_env_file:
    description:
      - The C(.env) of a stack on the managed host, C(/opt/convosphere/<environment>/.env). E(POSTGRES_PASSWORD) is read
        from it, so that the password never leaves the host.
    type: path
  login_db:
    description: The platform's database.
    type: str
    default: convosphere
  login_unix_socket:
    description: The directory of a Unix socket to connect through, instead of O(login_host).
    type: path
  ssl_mode:
    description: Whether and how the connection is encrypted, in libpq's terms.
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: The file, on the managed host, of the authority that signed the server's certificate.
    type: path
    aliases: [ssl_rootcert]
  connect_timeout:
    description: The number of seconds to wait for the connection.
    type: int
    default: 10
notes:
  - C(module_defaults) with C(group/convosphere.platform.database) sets these options once for all modules that have
    them.
requirements:
  - psycopg2 >= 2.8.6 (Debian and Ubuntu package python3-psycopg2)
"""

    PUBLISHED = r"""
options:
  login_service:
    description:
      - The database's service in the Compose project O(project_name). While it runs and publishes PostgreSQL's port,
        that port is used instead of O(login_port), which may be the port of a deploy that has not been made yet.
    type: str
"""

    AUDIT = r"""
options:
  audit_actor:
    description:
      - The actor of the changes in the platform's C(audit_logs).
      - If not given, the user and the host that run the module.
    type: str
  audit_run:
    description:
      - The id of the run there, for example the number of a ticket or job.
      - If not given, a new UUID for each task.
    type: str
"""
