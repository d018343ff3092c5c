# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which modules reach the platform's PostgreSQL."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection, named as in community.postgresql; ``PUBLISHED`` adds the container that has it, ``AUDIT``
    who and what is written to the audit trail."""

    DOCUMENTATION = r"""
options:
  login_host:
    description: The host of PostgreSQL, as seen from the managed host.
    type: str
    default: 127.0.0.1
  login_port:
    description: The port of PostgreSQL.
    type: int
    default: 5432
  login_user:
    description: The database role to connect as. It needs the right to read and write the platform's tables.
    type: str
    default: convosphere
  login_password:
    description:
      - The role's password.
      - Not given means E(POSTGRES_PASSWORD) of O(login_env_file), and without that what libpq finds, for example in
        C(~/.pgpass).
    type: str
  login_env_file:
    description:
      - The C(.env) of a stack on the managed host, C(/opt/convosphere/<environment>/.env), to read
        E(POSTGRES_PASSWORD) from, so that the password never leaves the host.
    type: path
  login_db:
    description: The platform's database.
    type: str
    default: convosphere
  login_unix_socket:
    description: The directory of a Unix socket to connect through, instead of O(login_host).
    type: path
  ssl_mode:
    description: Whether and how the connection is encrypted, as libpq names it.
    type: str
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
    default: prefer
  ca_cert:
    description: The file, on the managed host, of the authority that must have signed the server's certificate.
    type: path
    aliases: [ssl_rootcert]
  connect_timeout:
    description: How many seconds to wait for the connection.
    type: int
    default: 10
notes:
  - C(module_defaults) with C(group/convosphere.platform.database) gives these once, to all modules that have them.
requirements:
  - psycopg2 >= 2.8.6 (Debian and Ubuntu package python3-psycopg2)
"""

    PUBLISHED = r"""
options:
  login_service:
    description:
      - The service of O(project_name) that is the database. While it runs and publishes PostgreSQL's port, that is
        where the database is reached, and not O(login_port), which may be the port of a deploy that is yet to come.
    type: str
"""

    AUDIT = r"""
options:
  audit_actor:
    description:
      - Who is named in the platform's C(audit_logs) as having made the change.
      - Not given means the user, and host, on which Ansible runs.
    type: str
  audit_run:
    description:
      - What the changes of this run are marked with there, for example the number of a ticket or job.
      - Not given means a new UUID for each task.
    type: str
"""
