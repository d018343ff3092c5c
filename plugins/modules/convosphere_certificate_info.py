#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_certificate_info
short_description: Report when certificates expire
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Reads certificates from files, from variables of a file C(.env), and from servers as clients see them.
  - Requires Python only. Whether a certificate is trusted is not checked, and no key is read.
  - A certificate that cannot be read is returned in RV(problems), and never fails the module.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  files:
    description: Files with one or more certificates in PEM.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the certificate is for.
        type: str
        required: true
      path:
        description: The path of the file.
        type: path
        required: true
  variables:
    description: Variables with certificates in PEM.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the certificate is for.
        type: str
        required: true
      env_file:
        description: The file C(.env) of a stack.
        type: path
        required: true
      variable:
        description: The name of the variable.
        type: str
        required: true
  servers:
    description: Servers that speak TLS from the first byte on, such as HTTPS. Of each the first certificate is read.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the certificate is for.
        type: str
        required: true
      host:
        description: The host to connect to.
        type: str
        required: true
      port:
        description: The port.
        type: int
        default: 443
      server_name:
        description: The name that clients ask for; if not given, O(servers[].host).
        type: str
  timeout:
    description: The number of seconds to wait for a server.
    type: int
    default: 10
seealso:
  - module: convosphere.platform.convosphere_config_info
"""

EXAMPLES = r"""
- name: Read when the certificate of the edge and the authority of the database expire
  convosphere.platform.convosphere_certificate_info:
    files:
      - name: the authority of the managed PostgreSQL
        path: /opt/convosphere/prod/tls/ca.crt
    servers:
      - name: the edge
        host: 127.0.0.1
        server_name: chat.example.com
  register: found

- name: Show those that expire within 30 days
  ansible.builtin.debug:
    msg: "{{ found.certificates | selectattr('days_left', 'lt', 30) | map(attribute='name') }}"
"""

RETURN = r"""
certificates:
  description: The certificates, in the order of the options. A file with several is listed once for each.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: What the certificate is for.
      type: str
      sample: the edge
    path:
      description: The file, the variable or the server that it was read from.
      type: str
      sample: chat.example.com:443
    subject:
      description: The common name of its subject; empty if it has none.
      type: str
      sample: chat.example.com
    expires:
      description: The end of its validity, in UTC.
      type: str
      sample: "2027-01-29T12:00:00Z"
    days_left:
      description: The whole days until then; negative if it has expired.
      type: int
      sample: 60
    lifetime_days:
      description: The whole days of its validity.
      type: int
      sample: 90
    share_left:
      description:
        - The share of its validity that is left, at most 1; negative if it has expired.
        - A certificate that is issued for a few days is always close to its end, and is due by this value.
      type: float
      sample: 0.6667
problems:
  description: What could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: What the certificate is for.
      type: str
      sample: the edge
    path:
      description: The file, the variable or the server that should have it.
      type: str
      sample: chat.example.com:443
    problem:
      description: Why it could not be read.
      type: str
      sample: "the server does not answer: [Errno 111] Connection refused"
"""

from datetime import datetime, timezone
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._host import certificates

_NAME: dict[str, Any] = {"type": "str", "required": True}
_PATH: dict[str, Any] = {"type": "path", "required": True}


class CertificateInfo(InfoModule):
    """Some certificates."""

    argument_spec = {
        "files": {"type": "list", "elements": "dict", "default": [], "options": {"name": _NAME, "path": _PATH}},
        "variables": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"name": _NAME, "env_file": _PATH, "variable": _NAME},
        },
        "servers": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": _NAME,
                "host": _NAME,
                "port": {"type": "int", "default": 443},
                "server_name": {"type": "str"},
            },
        },
        "timeout": {"type": "int", "default": 10},
    }
    least = {"timeout": 1}

    def report(self) -> dict[str, Any]:
        """Read the certificates."""
        sources = {name: self.params[name] for name in ("files", "variables", "servers")}
        return certificates.report(sources, self.params["timeout"], datetime.now(timezone.utc))


def main() -> None:
    CertificateInfo.main()


if __name__ == "__main__":
    main()
