#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_prune
short_description: Remove old releases of a stack and images that nothing needs any more
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Removes the releases of one stack beyond the newest, and images of the platform that no container is made of and no
    release that stays refers to, neither of this stack nor of another one beside it.
  - An image is the platform's where its repository is one of O(repositories), or where a release that is removed was
    made of it. One that has any other name too is left alone, as is everything else.
  - Nothing is removed by force, and nothing while a deploy changes the stack.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description:
      - The directory of the stack, C(/opt/convosphere/<environment>).
      - The releases of all stacks in the directory above it count as needed.
    type: path
    required: true
  keep_releases:
    description: How many releases stay, the one that serves among them, which always does.
    type: int
    default: 5
  repositories:
    description:
      - The repositories that hold the platform's images and nothing else. All of their images that nothing needs go.
      - Not given, they are those of the images in the stack's releases whose name has a registry in it, such as
        C(ghcr.io/convosphere/convosphere/backend). Those at Docker Hub, such as C(postgres), others may use too.
    type: list
    elements: str
  standins:
    description:
      - Whether stand-ins of the role P(convosphere.platform.sandbox#role) go too that lost their name to a newer build.
      - They belong to all environments of the host that use stand-ins.
    type: bool
    default: false
  min_age:
    description:
      - For how many seconds an image must have been there under its name. Younger ones may have been brought for a
        deploy that has not come that far.
    type: int
    default: 86400
  limit:
    description: How many releases and images may be removed at once. More of them are an error, and nothing is removed.
    type: int
    default: 20
seealso:
  - module: convosphere.platform.convosphere_stack
  - module: convosphere.platform.convosphere_image
"""

EXAMPLES = r"""
- name: Keep three releases of prod, and no image that they do not need
  convosphere.platform.convosphere_prune:
    project_src: /opt/convosphere/prod
    environment_name: prod
    keep_releases: 3

- name: Remove what updates of PostgreSQL left too, on a host that has nothing but the platform
  convosphere.platform.convosphere_prune:
    project_src: /opt/convosphere/prod
    environment_name: prod
    repositories:
      - ghcr.io/convosphere/convosphere/backend
      - ghcr.io/convosphere/convosphere/frontend
      - postgres
      - redis
"""

RETURN = r"""
releases:
  description: The ids of the releases that were removed, oldest first; in check mode those that would be.
  returned: success
  type: list
  elements: str
images:
  description: The images that were removed, oldest first; in check mode those that would be.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its names, or the digest that it was pulled by, or its id.
      type: str
      sample: ghcr.io/convosphere/convosphere/backend:0.1.1
    id:
      description: Its id.
      type: str
    size_bytes:
      description: Its size.
      type: int
size_bytes:
  description: The size of these images together. Less than that becomes free where they share layers with others.
  returned: success
  type: int
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._stack import prune
from ansible_collections.convosphere.platform.plugins.module_utils._stack import releases as stack_releases

if TYPE_CHECKING:
    from docker import DockerClient

AT_LEAST = {"keep_releases": 1, "min_age": 0, "limit": 0}


class PruneModule(ConvosphereModule):
    """One stack without what it does not need."""

    argument_spec = {
        **engine_client.ENGINE_OPTIONS,
        **environment_directory.ENVIRONMENT_OPTION,
        "project_src": {"type": "path", "required": True},
        "keep_releases": {"type": "int", "default": 5},
        "repositories": {"type": "list", "elements": "str"},
        "standins": {"type": "bool", "default": False},
        "min_age": {"type": "int", "default": 86400},
        "limit": {"type": "int", "default": 20},
    }

    def plan(self) -> Plan:
        """Compare, and again under the lock of the stack where there is something to remove."""
        self.directory = Path(self.params["project_src"])
        self.refuse()
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        self.client = connect(self.params["docker_host"], self.params["timeout"])
        plan = self.compare()
        if plan.changed and not self.check_mode:
            self.held.enter_context(files.locked(self.directory / files.LOCK, f"the stack in {self.directory}"))
            plan = self.compare()  # a deploy may have ended until now
        if len(plan.changes) > self.params["limit"]:
            raise InputError(
                f"{len(self.releases)} releases and {len(self.images)} images would be removed, and limit allows "
                f"{self.params['limit']} together: {', '.join(change.name for change in plan)}",
                hint="Nothing was removed. Look at them, and give a higher limit if they may go.",
            )
        return plan

    def refuse(self) -> None:
        """Raise InputError for numbers out of range, and for a stack that is absent or of another environment."""
        wrong = [name for name, least in AT_LEAST.items() if self.params[name] < least]
        if wrong:
            raise InputError.of(
                [f"{name} is {self.params[name]}: it must be {AT_LEAST[name]} or more" for name in wrong]
            )
        if not self.directory.is_dir() and not self.check_mode:  # which may be about a host that is still empty
            raise InputError(f"There is no stack in {self.directory}", hint="Is project_src that of this environment?")
        environment_directory.refuse_foreign_directory(self.directory, self.params["environment_name"], "project_src")

    def compare(self) -> Plan:
        """One deletion for each release and each image."""
        releases = self.directory / "releases"
        recorded = prune.records(releases)
        self.releases = stack_releases.surplus(releases, self.params["keep_releases"])[::-1]
        gone = {path.name for path in self.releases}
        self.images = self.unused(self.client, recorded, gone) if self.client else []
        present: dict[str, dict[str, Any]] = {f"release {name}": {"images": recorded[name]} for name in sorted(gone)}
        for image in self.images:
            present[f"image {image.label}"] = {"id": image.short_id, "size_bytes": image.size}
        return make_plan(dict.fromkeys(present), present)

    def unused(
        self, client: DockerClient, recorded: Mapping[str, Mapping[str, str]], gone: set[str]
    ) -> list[prune.Image]:
        """The images that nothing needs when the releases ``gone`` are."""
        given = self.params["repositories"]
        own = frozenset(map(prune.repository, given)) if given is not None else None
        scope = prune.Scope(
            prune.own_repositories(recorded.values()) if own is None else own,
            frozenset(name for release in gone for name in prune.named(recorded[release])),
            self.params["standins"],
        )
        needed = prune.in_use(client)
        here = self.directory.resolve()
        for releases in prune.beside(here) if here.is_dir() else []:
            for name, record in prune.records(releases).items():
                if releases.parent != here or name not in gone:
                    needed |= prune.named(record)
        found = prune.unused(prune.read(client), scope, needed)
        return prune.settled(client, found, time.time() - self.params["min_age"])

    def apply(self, plan: Plan) -> None:
        """First the images: killed in between, the releases still say that they were the platform's."""
        failures = prune.remove(self.client, self.images) if self.client else {}
        stack_releases.prune(self.directory / "releases", self.params["keep_releases"])
        if failures:
            raise EngineError(
                f"{len(failures)} of {len(self.images)} images could not be removed: {'; '.join(failures.values())}",
                hint="The others were. Run it again when nothing uses them.",
                images=sorted(failures),
            )

    def report(self, plan: Plan) -> dict[str, Any]:
        """What was removed, and in check mode what would be."""
        return {
            "releases": [path.name for path in self.releases],
            "images": [{"name": image.label, "id": image.id, "size_bytes": image.size} for image in self.images],
            "size_bytes": sum(image.size for image in self.images),
        }


def main() -> None:
    PruneModule.main()


if __name__ == "__main__":
    main()
