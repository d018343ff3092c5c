# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan a deploy: compare the desired stack with the current one. Only the times of files are read.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.redaction import Secret
from .._engine import client, compose_parser, proxies
from .._engine.project import COMPLETED, RUNNING, is_done, timestamp
from .._host import served_release
from . import state, upstream_plan

if TYPE_CHECKING:
    from docker.models.containers import Container

NO_IMAGE = "(not on the host yet)"
UNRECORDED = "(in no release: renamed, with the time at which it was written)"
COMPLETED_JOB = "completed"


def plan(stack: state.Stack, *, engine_read: bool) -> Plan:
    """Return the changes to secrets, files, services and volumes, and the release that is recorded at the end.

    ``engine_read`` is False if there is no engine yet, in check mode on an empty host: then every service will be
    created, without the details that only Compose and the engine know.
    """

    def fresh(name: str, container: Container) -> bool:
        return is_fresh(stack, name, container)

    services = list(stack.references()) if engine_read else services_of(stack)
    return (
        make_plan(_secrets(stack.secrets.desired), _secrets(stack.secrets.current))
        + make_plan(_desired_files(stack), _current_files(stack))
        + (_services(stack) if engine_read else _first_services(stack))
        + (_volumes(stack) if engine_read else Plan())
        + upstream_plan.changes(stack, services, fresh if engine_read else None)
        + make_plan({"release": desired_release(stack)}, _current_release(stack))
    )


def _secrets(variables: Mapping[str, Secret]) -> dict[str, dict[str, Any]]:
    return {f"secret {name}": {"value": value} for name, value in variables.items()}


def _desired_files(stack: state.Stack) -> dict[str, dict[str, Any] | None]:
    desired = {name: {"content": text.split("\n"), "mode": mode} for name, (text, mode) in stack.texts.items()}
    return {f"file {name}": desired.get(name) for name in {**desired, **stack.current_texts}}


def _current_files(stack: state.Stack) -> dict[str, dict[str, Any]]:
    return {
        f"file {name}": {
            # It may contain secrets that are not known as such.
            "content": [UNRECORDED] if name in stack.foreign else text.split("\n"),
            "mode": stack.current_modes[name],
        }
        for name, text in stack.current_texts.items()
        if text is not None
    }


def _services(stack: state.Stack) -> Plan:
    skipped = on_demand(stack)
    desired: dict[str, Mapping[str, Any] | None] = {
        f"service {name}": None for name in stack.containers if name not in skipped
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
            # The hash of a new service means nothing yet: a secret that is generated later changes it.
            fields["configuration"] = stack.hashes[name][:12]
            fields["containers"] = state.replicas(stack.model["services"][name])
            fields["stale_files"] = []
            fields["stale_environment"] = []
            fields.update({"replaced": True} if is_forced(stack, name) else {})
        desired[f"service {name}"] = fields
    current = {f"service {name}": _current_service(stack, name, job=name in jobs) for name in stack.containers}
    for name, containers in stack.containers.items():
        current[f"service {name}"]["stale_files"] = _stale_files_of(stack, name, containers)
        current[f"service {name}"]["stale_environment"] = stale_environment(stack, name)
    return make_plan(desired, current)


def _staying(stack: state.Stack, name: str, containers: Sequence[Container]) -> list[Container]:
    """Return the containers of a service that Compose itself would keep."""
    image = stack.image_ids.get(stack.references().get(name, ""))
    return [
        container
        for container in containers
        if container.labels.get(client.LABEL_CONFIG_HASH) in stack.hashes_of(name) and container.attrs["Image"] == image
    ]


def is_stale(stack: state.Stack, name: str, container: Container) -> bool:
    """Return whether a container is created anew, though Compose would keep it.

    It is forced, has an older environment, or has read an older text of a file and is not restarted for it.
    """
    reference = stack.references().get(name)
    if reference is None or name in _jobs(stack) or is_done(container):
        return False
    known = any(item.id == container.id for item in stack.containers.get(name, []))
    desired = proxies.environment(stack.model["services"][name], stack.proxies)
    of_image = stack.image_variables.get(reference, set())
    if (known and name in stack.forced) or proxies.stale(desired, of_image, container):
        return True
    written = stack.differing_texts() if known else ()
    return name in stack.beside and bool(stale_files(stack.directory, stack.texts, container, written))


def is_forced(stack: state.Stack, name: str) -> bool:
    """Return whether the containers of a service are replaced although nothing may differ."""
    return name in stack.forced and any(is_stale(stack, name, item) for item in stack.containers.get(name, []))


def stale_environment(stack: state.Stack, name: str) -> list[str]:
    """Return the variables for which the containers of a service are created anew, though Compose would keep them."""
    reference, containers = stack.references().get(name), stack.containers.get(name, [])
    if reference is None or name in _jobs(stack) or all(map(is_done, containers)):
        return []  # a completed job is not run once more
    desired = proxies.environment(stack.model["services"][name], stack.proxies)
    of_image = stack.image_variables.get(reference, set())
    staying = _staying(stack, name, containers)
    return sorted({variable for item in staying for variable in proxies.stale(desired, of_image, item)})


def _stale_files_of(stack: state.Stack, name: str, containers: Sequence[Container]) -> list[str]:
    """Return the files of which containers that Compose keeps have read older texts.

    They are restarted for them. The edge loads its own files without a restart.
    """
    staying, written = _staying(stack, name, containers), stack.differing_texts()
    if stack.edge is None or name != stack.edge.service:
        return sorted({file for item in staying for file in stale_files(stack.directory, stack.texts, item, written)})
    own = {file for file in stack.texts if stack.edge.owns(file)}
    others = stack.texts.keys() - own
    stale = {file for item in staying for file in stale_files(stack.directory, others, item, written)}
    if any(item.status == RUNNING for item in staying):
        stale |= own & set(written)
    if any(item.name in stack.unloaded for item in staying):
        stale.add(stack.edge.config)
    return sorted(stale)


def stale_files(
    directory: Path, names: Iterable[str], container: Container, written: Collection[str] = ()
) -> list[str]:
    """Return the files among ``names``, of the stack in ``directory``, of which a container has read an older text.

    Compose compares the definition of a service, not the files that it mounts. A file is stale if a running container
    has it mounted and started before it was last written; ``written`` are newer in any case.
    """
    if container.status != RUNNING:
        return []
    sources = [mount["Source"] for mount in container.attrs.get("Mounts") or [] if mount["Type"] == "bind"]
    home = Path(os.path.realpath(directory))
    # A mount of the whole stack, or of the whole host, is for inspection and holds no settings of the service.
    own = [path for path in (Path(os.path.realpath(source)) for source in sources) if home in path.parents]
    started, now = timestamp(container.attrs["State"]["StartedAt"]), time.time()
    stale = []
    for name in names:
        path = home / name
        mounted = any(source == path or source in path.parents for source in own)
        # A file with a timestamp in the future would be newer than every start until then.
        if mounted and (name in written or (path.exists() and started < path.stat().st_mtime <= now)):
            stale.append(name)
    return stale


def _volumes(stack: state.Stack) -> Plan:
    """Return the volumes that a running service cannot write. Raises InputError for a directory of the host.

    Containers that do not exist yet are checked after their start.
    """
    unwritable = [item for item in stack.unwritable if _staying(stack, item.service, [item.container])]
    for item in unwritable:
        if not item.volume:
            raise InputError(f"{item.sentence()}.", hint=item.command())
    return make_plan(
        {item.name: {"writable_by": f"user {item.user}"} for item in unwritable},
        {item.name: {"writable_by": f"others than user {item.user}"} for item in unwritable},
    )


def is_fresh(stack: state.Stack, name: str, container: Container) -> bool:
    """Return whether a container is one of the desired stack: of its definition and its image, and not stale."""
    return container in _staying(stack, name, [container]) and not is_stale(stack, name, container)


def orphans(stack: state.Stack) -> list[str]:
    """Return the services that have a container, and that the desired files no longer name."""
    return sorted(stack.containers.keys() - stack.model["services"].keys() - on_demand(stack))


def on_demand(stack: state.Stack) -> set[str]:
    """Return the services of inactive profiles that have a container, because an operator started it by hand.

    They are not in Compose's model, but in its files: a deploy skips them.
    """
    others = stack.containers.keys() - stack.model["services"].keys()
    return others & set(services_of(stack)) if others else set()


def _jobs(stack: state.Stack) -> set[str]:
    """Return the services on whose completion others depend: once completed, they are not run again."""
    needs = [(service.get("depends_on") or {}).items() for service in stack.model["services"].values()]
    return {name for items in needs for name, need in items if need.get("condition") == COMPLETED}


def _first_services(stack: state.Stack) -> Plan:
    return make_plan({f"service {name}": {"state": "running"} for name in services_of(stack)}, {})


def services_of(stack: state.Stack) -> list[str]:
    """Return the names of all services in the files, without running Compose. Raises InputError."""
    names: list[str] = []
    for file in [each for each in stack.compose_files() if each != stack.pins_file]:
        try:
            services = compose_parser.parse(stack.texts[file.name][0]) or {}
            names += [name for name in services if name not in names]
        except ImportError:
            return ["(all)"]
        except (ValueError, TypeError) as error:
            raise InputError(f"{file.name} is not a Compose file: {error}") from error
    return names


def _current_service(stack: state.Stack, name: str, *, job: bool) -> dict[str, Any]:
    """Return the fields of the containers of a service. If their values differ, they are joined."""
    containers, same = stack.containers[name], stack.hashes_of(name)
    done = all(map(is_done, containers))

    def fields(container: Container) -> dict[str, Any]:
        digits = container.labels.get(client.LABEL_CONFIG_HASH, "")
        ended_well = done or (job and container.status == "exited" and container.attrs["State"]["ExitCode"] == 0)
        return {
            "image": container.attrs["Config"]["Image"],
            "image_id": _short(container.attrs["Image"]),
            "configuration": (stack.hashes[name] if digits in same else digits)[:12],
            "state": COMPLETED_JOB if ended_well else container.status,
        }

    every = [fields(container) for container in containers]
    joined = {key: ", ".join(sorted({each[key] for each in every})) for key in every[0]}
    return {**joined, "containers": len(containers)}


def desired_release(stack: state.Stack) -> dict[str, Any]:
    """Return the identity of a release.

    It is the image of each service, the digest of each file, and the database revisions that its code needs, if known,
    with the image of a backend that is on other hosts only.
    """
    digests = {name: digest(text) for name, (text, _mode) in stack.texts.items()}
    return {"images": images_of(stack), "files": digests, **state.recorded_schema(stack)}


def digest(text: str) -> str:
    """Return the sha256 of a text, shortened to 12 digits, by which a release identifies a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _current_release(stack: state.Stack) -> dict[str, dict[str, Any]]:
    record = served_release.current(stack.releases)
    if record is None:
        return {}
    return {"release": {name: record.get(name) for name in ("images", "files", "schema_revisions", "schema_image")}}


def images_of(stack: state.Stack) -> dict[str, str]:
    """Return the image of each service as ``reference@id``, the id shortened to 12 digits."""
    if not stack.model:
        return {}
    current = {name: f"{ref}@{_short(stack.image_ids[ref])}" for name, ref in stack.references().items()}
    return {name: stack.recorded_images.get(name, image) for name, image in current.items()}


def _short(image_id: str | None) -> str:
    return image_id.split(":")[-1][:12] if image_id else NO_IMAGE
