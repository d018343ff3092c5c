#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_secret_rotation
short_description: Begin, prepare and finish the rotation of generated secrets
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Gives generated secrets of an environment new values, on its database host. A deploy lies between V(prepared)
    and V(finished).
  - V(started) generates the values and records them in C(secrets.json) beside C(.env), readable by its owner only. From
    then on each deploy writes them. One that fails leaves the previous values; the next one takes the same new ones.
  - V(prepared) makes a new password of the database valid beside the previous one. PostgreSQL has two login roles, the
    owner of the database, O(login_user), and a member of it whose name ends with C(_2), which acts as the owner. A
    rotation changes from one to the other. Whatever either creates belongs to the owner. If O(login_service) does not
    run, nothing is changed and RV(ready) is false. Then deploy with
    O(convosphere.platform.convosphere_stack#module:hold_rotation), and once more without it.
  - V(finished) ends a rotation whose values a deploy has written, and closes its record. The previous login role loses
    its password. Without a rotation it changes nothing.
  - Redis and Weaviate accept the previous E(REDIS_PASSWORD) and E(WEAVIATE_API_KEY) beside the new ones, so that
    backends with either can connect. Then V(finished) closes nothing yet, and RV(deploy_again) is true. The next
    deploy ends the previous values, and V(finished) after it closes the record.
  - E(POSTGRES_TLS_KEY) gets no value from V(started), because it belongs to a certificate. The next deploy issues both.
  - One rotation can be unfinished at a time. V(started) with the same O(names) carries it on.
extends_documentation_fragment:
  - convosphere.platform.ownership
  - convosphere.platform.engine
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.database.audit
  - convosphere.platform.attributes
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  project_name:
    description: The Compose project, to which O(login_service) belongs.
    type: str
  state:
    description: The step.
    type: str
    choices: [started, prepared, finished]
    required: true
  names:
    description: The secrets to rotate, with V(started).
    type: list
    elements: str
    default: []
  lengths:
    description: The number of letters and digits of each secret that can be rotated, by its name.
    type: dict
    default: {}
  given:
    description:
      - The secrets that the inventory gives, with V(prepared) and V(finished). Their rotation ends without effect. That
        of E(POSTGRES_PASSWORD) does too if E(DATABASE_URL) is given.
    type: list
    elements: str
    default: []
  declared:
    description:
      - The names of all secrets of the stack, with V(finished). A rotation of other ones ends without effect.
      - If not given, the stack has all of them.
    type: list
    elements: str
  started_by:
    description: Who rotates them.
    type: str
    default: ""
  admin_email:
    description: The email of the user whose password becomes that of E(DEFAULT_ADMIN_PASSWORD), if there is one.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Generate a new key
  convosphere.platform.convosphere_secret_rotation:
    environment_name: prod
    project_src: /opt/convosphere/prod
    state: started
    names: [SECRET_KEY]
    lengths: {SECRET_KEY: 64}

- name: Finish the rotation after a deploy
  convosphere.platform.convosphere_secret_rotation:
    environment_name: prod
    project_src: /opt/convosphere/prod
    state: finished
"""

RETURN = r"""
names:
  description: The secrets of the rotation; empty without one.
  returned: success
  type: list
  elements: str
  sample: [SECRET_KEY]
started:
  description: When it was started, in UTC; null without one.
  returned: success
  type: str
  sample: "2026-11-30T15:00:00Z"
by:
  description: Who started it.
  returned: success
  type: str
  sample: ada
ready:
  description: Whether a deploy can write the new values; with V(prepared) false if O(login_service) does not run.
  returned: success
  type: bool
  sample: true
deploy_again:
  description: Whether another deploy has to end previous values that services accept still, with V(finished).
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.convosphere.platform.plugins.module_utils._app.audit_log import AUDIT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import ENGINE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import PUBLISHED_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._users.secret_rotation import (
    STATES,
    SecretRotation,
)


class SecretRotationModule(ConvosphereModule):
    """The rotation of one environment."""

    argument_spec = {
        **ENVIRONMENT_OPTION,
        **ENGINE_OPTIONS,
        **DATABASE_OPTIONS,
        **PUBLISHED_OPTIONS,
        **AUDIT_OPTIONS,
        "project_src": {"type": "path", "required": True},
        "project_name": {"type": "str"},
        "state": {"type": "str", "choices": list(STATES), "required": True},
        "names": {"type": "list", "elements": "str", "default": []},
        "lengths": {"type": "dict", "default": {}},
        "given": {"type": "list", "elements": "str", "default": []},
        "declared": {"type": "list", "elements": "str"},
        "started_by": {"type": "str", "default": ""},
        "admin_email": {"type": "str", "default": ""},
    }
    may_be_empty = frozenset({"started_by", "admin_email"})

    def build(self) -> Work:
        """Return the work."""
        return SecretRotation(self.invocation)


def main() -> None:
    SecretRotationModule.main()


if __name__ == "__main__":
    main()
