# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the image, version, ports, processor time and memory of a service.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import client as engine_client
from .project import RUNNING, Service

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

LABEL_VERSION = "org.opencontainers.image.version"
LABEL_SANDBOX = "org.convosphere.sandbox"
#: The label's value in a stand-in image. Its base image has another one, which other images on that base inherit.
STANDIN = "true"

#: Percent of one core, and bytes.
FIELDS = ("cpu_percent", "memory_bytes")


def image_of(client: DockerClient, service: Service) -> dict[str, Any]:
    """Return ``{image, image_id, digest, version, sandbox}`` of the first container; unknown values are ``None``."""
    if not service.containers:
        return {"image": None, "image_id": None, "digest": None, "version": None, "sandbox": None}
    container = service.containers[0]
    reference = str(container.attrs["Config"]["Image"])
    # A container keeps the labels of its image, even if that image was removed from the host.
    labels = container.labels
    return {
        "image": reference,
        "image_id": container.attrs["Image"],
        "digest": _digest(client, str(container.attrs["Image"]), repository_and_tag(reference)[0]),
        "version": labels.get(LABEL_VERSION) or repository_and_tag(reference)[1],
        "sandbox": is_standin(labels),
    }


def is_standin(labels: Mapping[str, str] | None) -> bool:
    """Return by an image's labels whether it is one of the collection's stand-in images."""
    return (labels or {}).get(LABEL_SANDBOX) == STANDIN


def repository_and_tag(reference: str) -> tuple[str, str | None]:
    """Split ``registry:5000/name:tag@sha256:…`` into ``registry:5000/name`` and ``tag``; without a tag, None."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")  # a colon before the last slash belongs to the registry's port
    last, _colon, tag = last.partition(":")
    return f"{folder}{slash}{last}", tag or None


def published_ports(service: Service) -> list[dict[str, Any]]:
    """Return the ports of all containers as ``{host_ip, host_port, container_port, protocol}``, by host port."""
    ports = []
    for container in service.containers:
        for port, bindings in (container.ports or {}).items():
            number, _slash, protocol = port.partition("/")
            ports += [
                {
                    "host_ip": binding["HostIp"],
                    "host_port": int(binding["HostPort"]),
                    "container_port": int(number),
                    "protocol": protocol,
                }
                for binding in bindings or []
            ]
    return sorted(ports, key=lambda entry: (entry["host_port"], entry["host_ip"]))


def measure(services: Sequence[Service]) -> dict[str, dict[str, Any] | None]:
    """Return the usage of each running container by its id. The engine takes a second, so measure all at once."""
    running = [item for service in services for item in service.containers if item.status == RUNNING]
    return dict(zip([str(item.id) for item in running], engine_client.in_parallel(_measure_one, running)))


def total(service: Service, measured: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """Return the sums of ``FIELDS`` and ``memory_limit_bytes`` over a service's containers; unknown: ``None``.

    ``measured`` is the result of ``measure``. The limit is ``None`` if any container may use all of the host's memory.
    """
    limits = [container.attrs["HostConfig"].get("Memory") or None for container in service.containers]
    sums: dict[str, Any] = {"memory_limit_bytes": sum(filter(None, limits)) if limits and all(limits) else None}
    results = [measured.get(str(container.id)) for container in service.containers]
    for field in FIELDS:
        values = [one[field] for one in results if one and one[field] is not None]
        sums[field] = round(sum(values), 2) if values else None
    return sums


def usage(stats: Mapping[str, Any]) -> dict[str, Any]:
    """Compute ``FIELDS`` from the engine's values, as ``docker stats`` does; missing values are ``None``."""
    memory = stats.get("memory_stats") or {}
    details = memory.get("stats") or {}
    # The kernel frees the file cache when needed; control groups version 1 and 2 have different names for it.
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    used = memory.get("usage")
    return {
        "cpu_percent": _cpu_percent(stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}),
        "memory_bytes": None if used is None else max(used - cache, 0),
    }


def _measure_one(container: Container) -> dict[str, Any] | None:
    from docker.errors import NotFound

    with engine_client.asking(f"measure {container.name}"):
        try:
            stats: Any = container.stats(stream=False)
            return usage(stats)
        except NotFound:  # it was removed after it was listed
            return None


def _cpu_percent(now: Mapping[str, Any], before: Mapping[str, Any]) -> float | None:
    if "system_cpu_usage" not in now or "system_cpu_usage" not in before:
        return None
    passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    cores = now.get("online_cpus") or len(now["cpu_usage"].get("percpu_usage") or []) or 1
    return round(used / passed * cores * 100, 2) if passed > 0 else None


def _digest(client: DockerClient, image_id: str, repository: str) -> str | None:
    from docker.errors import ImageNotFound

    with engine_client.asking(f"read the image {image_id}"):
        try:
            digests = client.images.get(image_id).attrs.get("RepoDigests") or []
        except ImageNotFound:
            return None
    return next((digest for digest in digests if digest.partition("@")[0] == repository), None)
