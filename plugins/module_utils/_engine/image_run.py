# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make images present on a host: pull, build or load those that are missing or outdated.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import EngineError, InputError
from .._core.plan import CREATE, Plan, make_plan
from .._core.work import Invocation, Work
from . import images, layers
from .client import connect_if_there

if TYPE_CHECKING:
    from docker import DockerClient

HINTS = {
    "build": "Correct the Dockerfile or its context where the log of the build shows the error.",
    "pull": "Log in to the registry on the host (docker login), build the images (source: build), load an archive"
    " (source: load), or use the role sandbox, which builds stand-in images for trying the platform out.",
}


class ImageRun(Work):
    """One run of convosphere_image."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.params = invocation.params
        self.images: dict[str, dict[str, Any]] = {image["name"]: image for image in self.params["images"]}
        self.client: DockerClient | None = None
        #: The engine's description of each image that is on the host, by name.
        self.current: dict[str, dict[str, Any]] = {}
        #: Why an image could not be made present, by name.
        self.failures: dict[str, str] = {}
        #: What to load of an archive on the controller: the names of images, and the digests of their missing layers.
        self.needed: dict[str, list[str]] = {"images": [], "layers": []}

    def plan(self) -> Plan:
        """Ask the engine for the images, and the registries or the archive if they decide."""
        self._refuse_repeated_names()
        self.client = connect_if_there(self.params["docker_host"], self.params["timeout"])
        self.current = images.present(self.client, self.images) if self.client else {}
        absent = [name for name in self.images if name not in self.current]
        archived = self._archived(absent)
        self._verify_contexts(absent)
        known = self._registry_digests(absent)
        desired: dict[str, dict[str, Any]] = {name: {"image": self._way(name)} for name in absent}
        current: dict[str, dict[str, Any]] = {}
        for name, image in self.current.items():
            current[name] = {"id": image["Id"], "digest": next(iter(images.digests(image)), None)}
            desired[name] = {}
            if self.params["pull"] == "always" and name in archived:
                desired[name]["id"] = archived[name]
            elif name in known and known[name] not in images.digests(image):
                desired[name]["digest"] = known[name]
        plan = make_plan({name: desired[name] for name in self.images}, current)
        if plan.changed and self.params["required_bytes"]:
            images.verify_space(self.client, self.params["required_bytes"])
        self._find_needed_layers(plan)
        return plan

    def apply(self, plan: Plan) -> None:
        """Load the archive, or build and pull the images; then raise EngineError if a required one failed."""
        if self.client is None:  # a real run on a host without an engine has failed by now
            raise AssertionError("No Docker Engine to apply the plan to")
        if self.params["source"] == "load":
            images.load(images.patient(self.client, self.params["docker_host"]), self.params["archive"])
            return
        api = images.impatient(self.params["docker_host"], self.params["pull_timeout"])
        names = [change.name for change in plan if change.name not in self.failures]
        pulled = [name for name in names if self._way(name) == "pull"]
        self.failures.update(images.each(lambda name: images.pull(api, name), pulled)[1])
        for name in plan.names(CREATE):
            if self._way(name) == "build":
                self._build(self.client, name)
        self._stop_on_failures()

    def carried_out(self, plan: Plan) -> Plan:
        """Leave out the images that failed and are not required."""
        return Plan(tuple(change for change in plan if change.name not in self.failures)) if self.failures else plan

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the ids of the images, and the missing ones with their reasons."""
        now = self.current
        if plan.changed and self.client and not self.invocation.check_mode:
            now = images.present(self.client, self.images)
        return {
            "images": {name: now[name]["Id"] for name in self.images if name in now},
            "missing": [name for name in self.images if name in self.failures and name not in now],
            "reasons": self.failures,
            "needed": self.needed,
        }

    def _refuse_repeated_names(self) -> None:
        names = [image["name"] for image in self.params["images"]]
        problems = [
            f"images[{number}]: {name} was named before, in images[{names.index(name)}]"
            for number, name in enumerate(names)
            if names.index(name) < number
        ]
        if problems:
            raise InputError.of(problems, hint="Name each image once.")

    def _way(self, name: str) -> str:
        source: str = self.params["source"]
        return "pull" if source == "build" and not self.images[name]["build"] else source

    def _build(self, client: DockerClient, name: str) -> None:
        try:
            images.build(client, name, self.images[name]["build"], self.images[name]["dockerfile"])
        except EngineError as error:
            self.failures[name] = str(error)

    def _archived(self, absent: Sequence[str]) -> dict[str, str]:
        """Return the ids of the images in the archive, if it is needed."""
        if self.params["source"] != "load" or not (absent or self.params["pull"] == "always"):
            return {}
        content = self.params["archive_content"]
        if content is not None:
            ids = {images.canonical(name): image["id"] for name, image in content.items()}
            return images.of_archive(self.params["archive"], ids, list(self.images))
        if self.invocation.check_mode and not Path(self.params["archive"]).exists():
            self.invocation.warn(f"The archive {self.params['archive']} is not on the host yet: it was not checked.")
            return {}
        return images.archived(self.params["archive"], list(self.images))

    def _find_needed_layers(self, plan: Plan) -> None:
        """Compare the layers of an archive on the controller with those of the engine, for the images of the plan."""
        content = self.params["archive_content"]
        if self.params["source"] != "load" or content is None or not plan.changed:
            return
        digests = {images.canonical(name): image["layers"] for name, image in content.items()}
        names = [change.name for change in plan]
        held = layers.held_by(self.client) if self.client else set()
        self.needed = {
            "images": names,
            "layers": layers.lacking([digests[images.canonical(name)] for name in names], held),
        }

    def _verify_contexts(self, absent: Sequence[str]) -> None:
        """Raise InputError if a Dockerfile is missing; in check mode warn, because it may be created by then."""
        problems = []
        for name in absent:
            image = self.images[name]
            if self._way(name) == "build" and not (Path(image["build"]) / image["dockerfile"]).is_file():
                problems.append(f"There is no {image['dockerfile']} in {image['build']} to build {name} from")
        if problems and not self.invocation.check_mode:
            raise InputError.of(problems, hint="Give in images[].build the directory on the managed host.")
        for problem in problems:
            self.invocation.warn(f"{problem} yet.")

    def _registry_digests(self, absent: Sequence[str]) -> dict[str, str]:
        """Ask the registries: in check mode, which pulls nothing, for missing images, and for newer ones."""
        asked = [*absent] if self.invocation.check_mode else []
        if self.params["pull"] == "always":
            asked += [name for name in self.current if "@" not in name]
        asked = [name for name in asked if self._way(name) == "pull"]
        if not asked or not self.client:
            return {}
        api = images.impatient(self.params["docker_host"], self.params["pull_timeout"])
        known, failures = images.each(lambda name: images.registry_digest(api, name), asked)
        self.failures.update(failures)
        self._stop_on_failures()  # in check mode too, because the real run would fail here
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
