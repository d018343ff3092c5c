#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_image
short_description: Have the images of an environment on a host
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Makes a list of images present in one task, by pulling them from their registries, by building them from contexts
    on the host, or by loading an archive, for sites without internet.
  - Several images are pulled at once. What could not be made present is reported in one error, each with its reason.
  - In check mode nothing is downloaded. The registries are asked whether they have the images, and the module fails if
    they do not, as the run would. A host without Docker Engine counts as one without images.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.attributes
options:
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The reference of the image, for example V(postgres:15).
        type: str
        required: true
      build:
        description: The directory on the host that the image is built from with O(source=build).
        type: path
      dockerfile:
        description: The name of the Dockerfile in O(images[].build).
        type: str
        default: Dockerfile
  source:
    description:
      - Where images come from.
      - V(pull) downloads them from their registries.
      - V(build) builds those that have O(images[].build) and pulls the others.
      - V(load) loads all from O(archive).
    type: str
    choices: [pull, build, load]
    default: pull
  archive:
    description:
      - The path on the host of an archive that C(docker save) wrote, as it is or compressed as C(.gz) or C(.zst).
      - It must contain every image of O(images); that is verified before anything is loaded.
    type: path
  pull:
    description:
      - V(missing) leaves an image alone that is present under its name.
      - V(always) asks the registry, or reads the archive, and updates an image that is another there. Built images
        are not built again.
    type: str
    choices: [missing, always]
    default: missing
  required:
    description:
      - Whether an image that cannot be made present is an error.
      - With V(false) it is returned in RV(missing) instead.
    type: bool
    default: true
  required_bytes:
    description: How many bytes must be free in Docker's root directory before anything is pulled, built or loaded.
    type: int
    default: 0
  pull_timeout:
    description: How many seconds a registry may be silent before it counts as not reachable.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Have the images
  convosphere.platform.convosphere_image:
    images:
      - name: postgres:15
      - name: redis:7-alpine

- name: Build the backend from the operator's own source, pull the others
  convosphere.platform.convosphere_image:
    source: build
    images:
      - name: registry.example.com/backend:1.4
        build: /srv/convosphere/backend
      - name: postgres:15

- name: Load the images on a site without internet
  convosphere.platform.convosphere_image:
    source: load
    archive: /srv/images/convosphere.tar.zst
    required_bytes: 6000000000
    images:
      - name: postgres:15
"""

RETURN = r"""
images:
  description: The id of each image that is present, by its name. In check mode, of those that were present already.
  type: dict
  returned: success
  sample:
    postgres:15: sha256:5f9d0d3b4a1c
missing:
  description: The names of the images that could not be made present. Empty unless O(required=false).
  type: list
  elements: str
  returned: success
reasons:
  description: Why, by the name of the image.
  type: dict
  returned: success
  sample: {}
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._engine import images
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import (
    ENGINE_OPTIONS,
    connect_if_there,
)

if TYPE_CHECKING:
    from docker import DockerClient

HINTS = {
    "build": "Mend the Dockerfile or its context where the log of the build says so.",
    "pull": "Log in to the registry on the host (docker login), build the images (source: build), load an archive"
    " (source: load), or use the role sandbox, which builds stand-ins for trying the platform out.",
}


class Image(ConvosphereModule):
    """The images of one environment."""

    argument_spec = {
        **ENGINE_OPTIONS,
        "images": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "build": {"type": "path"},
                "dockerfile": {"type": "str", "default": "Dockerfile"},
            },
        },
        "source": {"type": "str", "choices": ["pull", "build", "load"], "default": "pull"},
        "archive": {"type": "path"},
        "pull": {"type": "str", "choices": ["missing", "always"], "default": "missing"},
        "required": {"type": "bool", "default": True},
        "required_bytes": {"type": "int", "default": 0},
        "pull_timeout": {"type": "int", "default": 30},
    }
    rules = {"required_if": [("source", "load", ["archive"])]}

    def __init__(self) -> None:
        super().__init__()
        self.images: dict[str, dict[str, Any]] = {image["name"]: image for image in self.params["images"]}
        self.failures: dict[str, str] = {}
        self.client: DockerClient | None = None

    def execute(self) -> dict[str, Any]:
        """As for every module; an image that was allowed to fail is no change."""
        result = super().execute()
        if self.failures:
            done = Plan(tuple(change for change in self.made if change.name not in self.failures))
            result.update(changed=done.changed, **({"diff": done.diff()} if "diff" in result else {}))
        return result

    def plan(self) -> Plan:
        """Ask the engine for the images, and where it matters the registries or the archive."""
        if len(self.images) < len(self.params["images"]):
            raise InputError("An image is named twice in images")
        self.client = connect_if_there(self.params["docker_host"], self.params["timeout"])
        self.current = images.present(self.client, self.images) if self.client else {}
        absent = [name for name in self.images if name not in self.current]
        archived = self._archived(absent)
        self._verify_contexts(absent)
        known = self._registry_digests(absent)
        desired: dict[str, dict[str, Any]] = {name: {"image": self._way(name)} for name in absent}
        found: dict[str, dict[str, Any]] = {}
        for name, image in self.current.items():
            found[name] = {"id": image["Id"], "digest": next(iter(images.digests(image)), None)}
            desired[name] = {}
            if self.params["pull"] == "always" and name in archived:
                desired[name]["id"] = archived[name]
            elif name in known and known[name] not in images.digests(image):
                desired[name]["digest"] = known[name]
        self.made = make_plan({name: desired[name] for name in self.images}, found)
        if self.made.changed and self.params["required_bytes"]:
            images.verify_space(self.client, self.params["required_bytes"])
        return self.made

    def apply(self, plan: Plan) -> None:
        """Load the archive, or build what is built and pull the rest; then look at what failed."""
        if self.client is None:  # a real run on a host without an engine has failed by now
            raise AssertionError("No Docker Engine to apply the plan to")
        names = [change.name for change in plan if change.name not in self.failures]
        if self.params["source"] == "load":
            images.load(images.patient(self.client, self.params["docker_host"]), self.params["archive"])
            return
        api = images.impatient(self.params["docker_host"], self.params["pull_timeout"])
        pulled = [name for name in names if self._way(name) == "pull"]
        self.failures.update(images.each(lambda name: images.pull(api, name), pulled)[1])
        for name in plan.names(CREATE):
            if self._way(name) == "build":
                self._build(self.client, name)
        self._stop_on_failures()

    def report(self, plan: Plan) -> dict[str, Any]:
        """The ids, and what is missing."""
        now = self.current
        if plan.changed and self.client and not self.check_mode:
            now = images.present(self.client, self.images)
        return {
            "images": {name: now[name]["Id"] for name in self.images if name in now},
            "missing": [name for name in self.images if name in self.failures and name not in now],
            "reasons": self.failures,
        }

    def _way(self, name: str) -> str:
        source: str = self.params["source"]
        return "pull" if source == "build" and not self.images[name]["build"] else source

    def _build(self, client: DockerClient, name: str) -> None:
        try:
            images.build(client, name, self.images[name]["build"], self.images[name]["dockerfile"])
        except EngineError as error:
            self.failures[name] = str(error)

    def _archived(self, absent: list[str]) -> dict[str, str]:
        if self.params["source"] != "load" or not (absent or self.params["pull"] == "always"):
            return {}
        if self.check_mode and not Path(self.params["archive"]).exists():
            self.warn(f"The archive {self.params['archive']} is not on the host yet, so it was not looked into.")
            return {}
        return images.archived(self.params["archive"], list(self.images))

    def _verify_contexts(self, absent: list[str]) -> None:
        problems = []
        for name in absent:
            image = self.images[name]
            if self._way(name) == "build" and not (Path(image["build"]) / image["dockerfile"]).is_file():
                problems.append(f"There is no {image['dockerfile']} in {image['build']} to build {name} from")
        if problems and not self.check_mode:
            raise InputError.of(problems, hint="Give in build: the directory on the managed host.")
        for problem in problems:
            self.warn(f"{problem} yet.")

    def _registry_digests(self, absent: list[str]) -> dict[str, str]:
        """What the registries have: asked in check mode, where nothing is pulled, and to see what is newer."""
        asked = absent if self.check_mode else []
        if self.params["pull"] == "always":
            asked = [*asked, *(name for name in self.current if "@" not in name)]
        asked = [name for name in asked if self._way(name) == "pull"]
        if not asked or not self.client:
            return {}
        api = images.impatient(self.params["docker_host"], self.params["pull_timeout"])
        known, failures = images.each(lambda name: images.registry_digest(api, name), asked)
        self.failures.update(failures)
        self._stop_on_failures()  # in check mode too, for the run would not get further
        return known

    def _stop_on_failures(self) -> None:
        if not self.failures or not self.params["required"]:
            return
        reasons = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in self.failures.items())
        raise EngineError(
            f"{len(self.failures)} of {len(self.images)} images could not be made present: {reasons}",
            hint=" ".join(HINTS[way] for way in sorted({self._way(name) for name in self.failures})),
            images=list(self.failures),
        )


def main() -> None:
    """Enter the module."""
    Image.main()


if __name__ == "__main__":
    main()
