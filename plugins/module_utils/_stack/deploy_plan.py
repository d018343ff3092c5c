# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deploy of a stack does, out of what it shall be and what was found: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.redaction import Secret
from .._engine import client, compose_parser, proxies
from .._engine.project import COMPLETED, is_done
from .._host import served_release
from . import stale_mounts, state

if TYPE_CHECKING:
    from docker.models.containers import Container

NOT_THERE = "(not on the host yet)"
NOT_OURS = "(of no release: kept under a name that says when it was written)"
COMPLETED_JOB = "completed"


def plan(stack: state.Stack, *, engine_read: bool) -> Plan:
    """What a deploy of ``stack`` does: secrets, files, services, and the release that is recorded at the end.

    ``engine_read`` is False where there is no engine yet, in check mode on an empty host: then every service will be
    created, without the details that only Compose and the engine can tell.
    """
    return (
        make_plan(_fields(stack.variables, "secret"), _fields(stack.present_variables, "secret"))
        + make_plan(_wanted_files(stack), _present_files(stack))
        + (_services(stack) if engine_read else _first_services(stack))
        + (_volumes(stack) if engine_read else Plan())
        + make_plan({"release": wanted_release(stack)}, _present_release(stack))
    )


def _fields(variables: Mapping[str, Secret], kind: str) -> dict[str, dict[str, Any]]:
    return {f"{kind} {name}": {"value": value} for name, value in variables.items()}


def _wanted_files(stack: state.Stack) -> dict[str, dict[str, Any] | None]:
    wanted = {name: {"content": text.split("\n"), "mode": mode} for name, (text, mode) in stack.texts.items()}
    return {f"file {name}": wanted.get(name) for name in {**wanted, **stack.present_texts}}


def _present_files(stack: state.Stack) -> dict[str, dict[str, Any]]:
    return {
        f"file {name}": {
            # It may have secrets in it that nobody told of.
            "content": [NOT_OURS] if name in stack.foreign else text.split("\n"),
            "mode": stack.present_modes[name],
        }
        for name, text in stack.present_texts.items()
        if text is not None
    }


def _services(stack: state.Stack) -> Plan:
    left_alone = _on_demand(stack)
    wanted: dict[str, Mapping[str, Any] | None] = {
        f"service {name}": None for name in stack.containers if name not in left_alone
    }
    jobs = _jobs(stack)
    for name, reference in stack.references().items():
        fields: dict[str, Any] = {
            "image": reference,
            "image_id": _short(stack.image_ids[reference]),
            "state": COMPLETED_JOB if name in jobs else "running",
        }
        if name in stack.containers:
            if all(map(is_done, stack.containers[name])):  # Compose is not asked to run it once more
                fields["state"] = COMPLETED_JOB
            # Of a new one the hash says nothing, and a secret made up later changes it.
            fields["configuration"] = stack.hashes[name][:12]
            fields["containers"] = state.replicas(stack.model["services"][name])
            fields["stale_files"] = []
            fields["stale_environment"] = []
        wanted[f"service {name}"] = fields
    present = {f"service {name}": _present_service(found, name in jobs) for name, found in stack.containers.items()}
    for name, found in stack.containers.items():
        present[f"service {name}"]["stale_files"] = _stale_files(stack, name, found)
        present[f"service {name}"]["stale_environment"] = stale_environment(stack, name)
    return make_plan(wanted, present)


def _staying(stack: state.Stack, name: str, containers: Sequence[Container]) -> list[Container]:
    """Return those of a service's containers that Compose itself would keep."""
    image = stack.image_ids.get(stack.references().get(name, ""))
    return [
        container
        for container in containers
        if container.labels.get(client.LABEL_CONFIG_HASH) == stack.hashes.get(name)
        and container.attrs["Image"] == image
    ]


def stale_environment(stack: state.Stack, name: str) -> list[str]:
    """Return the variables for which a service's containers are created anew, though Compose would keep them."""
    reference, containers = stack.references().get(name), stack.containers.get(name, [])
    if reference is None or name in _jobs(stack) or all(map(is_done, containers)):
        return []  # what has done its work is not run once more for it
    desired = proxies.environment(stack.model["services"][name], stack.proxies)
    of_image = stack.image_variables.get(reference, set())
    staying = _staying(stack, name, containers)
    return sorted({variable for item in staying for variable in proxies.stale(desired, of_image, item)})


def _stale_files(stack: state.Stack, name: str, containers: Sequence[Container]) -> list[str]:
    """The files for which containers will be restarted, since they have read them as they were and stay otherwise."""
    staying = _staying(stack, name, containers)
    written = stack.differing_texts()
    return sorted(
        {file for item in staying for file in stale_mounts.stale(stack.directory, stack.texts, item, written)}
    )


def _volumes(stack: state.Stack) -> Plan:
    """The volumes that a running service cannot write. Raises InputError for a directory of the host.

    Containers that are yet to be created are asked after their start.
    """
    found = [item for item in stack.unwritable if _staying(stack, item.service, [item.container])]
    for item in found:
        if not item.volume:
            raise InputError(f"{item.sentence()}.", hint=item.command())
    return make_plan(
        {item.name: {"writable_by": f"user {item.user}"} for item in found},
        {item.name: {"writable_by": f"others than user {item.user}"} for item in found},
    )


def _on_demand(stack: state.Stack) -> set[str]:
    """The services with a profile that is not active and a container all the same, which somebody started by hand.

    They are not in Compose's model, and yet Compose knows them: a deploy leaves them as they are.
    """
    others = stack.containers.keys() - stack.model["services"].keys()
    return others & set(services_of(stack)) if others else set()


def _jobs(stack: state.Stack) -> set[str]:
    """The services that others wait for to end well: once they did, they are not run again."""
    needs = [(service.get("depends_on") or {}).items() for service in stack.model["services"].values()]
    return {name for items in needs for name, need in items if need.get("condition") == COMPLETED}


def _first_services(stack: state.Stack) -> Plan:
    return make_plan({f"service {name}": {"state": "running"} for name in services_of(stack)}, {})


def services_of(stack: state.Stack) -> list[str]:
    """The names of all services in the files, without Compose's help. Raises InputError."""
    names: list[str] = []
    for file in stack.compose_files():
        try:
            services = compose_parser.parse(stack.texts[file.name][0]) or {}
            names += [name for name in services if name not in names]
        except ImportError:
            return ["(all)"]
        except (ValueError, TypeError) as error:
            raise InputError(f"{file.name} is not a Compose file: {error}") from error
    return names


def _present_service(containers: Sequence[Container], job: bool) -> dict[str, Any]:
    """The fields of a service's containers: the values of all where they differ."""
    done = all(map(is_done, containers))

    def fields(container: Container) -> dict[str, Any]:
        ended_well = done or (job and container.status == "exited" and container.attrs["State"]["ExitCode"] == 0)
        return {
            "image": container.attrs["Config"]["Image"],
            "image_id": _short(container.attrs["Image"]),
            "configuration": container.labels.get(client.LABEL_CONFIG_HASH, "")[:12],
            "state": COMPLETED_JOB if ended_well else container.status,
        }

    every = [fields(container) for container in containers]
    joined = {name: ", ".join(sorted({each[name] for each in every})) for name in every[0]}
    return {**joined, "containers": len(containers)}


def wanted_release(stack: state.Stack) -> dict[str, Any]:
    """What tells one release from another: each service's image, each file's sha256, shortened to 12 digits, and the
    revisions at which its code wants the database, where they are known.
    """
    digests = {name: digest(text) for name, (text, _mode) in stack.texts.items()}
    revisions = {"schema_revisions": list(stack.schema["heads"])} if stack.schema else {}
    return {"images": images_of(stack), "files": digests, **revisions}


def digest(text: str) -> str:
    """What a release keeps to know a file's text by."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _present_release(stack: state.Stack) -> dict[str, dict[str, Any]]:
    record = served_release.current(stack.releases)
    if record is None:
        return {}
    return {"release": {name: record.get(name) for name in ("images", "files", "schema_revisions")}}


def images_of(stack: state.Stack) -> dict[str, str]:
    """Each service's image as ``reference@id``, the id shortened to 12 digits."""
    if not stack.model:
        return {}
    return {name: f"{reference}@{_short(stack.image_ids[reference])}" for name, reference in stack.references().items()}


def _short(image_id: str | None) -> str:
    return image_id.split(":")[-1][:12] if image_id else NOT_THERE
