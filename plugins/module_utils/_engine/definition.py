# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name the settings in which a container differs from its service in Compose's model. Pure.

Compose decides by a hash of the whole service whether a container is replaced; this tells an operator why. Only names
are returned, no values: a variable may be a secret.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from . import proxies

#: Any setting that is not compared here.
OTHER = "its definition"


def differing(
    service: Mapping[str, Any], attributes: Mapping[str, Any], of_image: Collection[str], client: Mapping[str, str]
) -> list[str]:
    """Return the names of the settings that differ, such as ``environment LOG_LEVEL``; OTHER if none is known.

    ``attributes`` are the engine's of the container, ``of_image`` the names of the variables of its image, ``client``
    the proxies that the Docker client adds.
    """
    variables = [f"environment {name}" for name in _variables(service, attributes, of_image, client)]
    return [*variables, *_settings(service, attributes)] or [OTHER]


def _variables(
    service: Mapping[str, Any], attributes: Mapping[str, Any], of_image: Collection[str], client: Mapping[str, str]
) -> list[str]:
    desired = proxies.environment(service, client)
    pairs = (entry.partition("=") for entry in attributes["Config"].get("Env") or [])
    current = {name: value for name, _sign, value in pairs}
    surplus = current.keys() - desired.keys() - set(of_image) - {"PATH"}  # the engine adds it if an image has none
    return sorted(surplus | {name for name, value in desired.items() if current.get(name) != value})


def _settings(service: Mapping[str, Any], attributes: Mapping[str, Any]) -> Iterator[str]:
    config, host = attributes["Config"], attributes.get("HostConfig") or {}
    if service.get("command") is not None and _texts(service["command"]) != (config.get("Cmd") or []):
        yield "command"
    probe = (service.get("healthcheck") or {}).get("test")
    if probe is not None and _texts(probe) != ((config.get("Healthcheck") or {}).get("Test") or []):
        yield "health check"
    if int(service.get("mem_limit") or 0) != (host.get("Memory") or 0):
        yield "memory limit"
    if round(float(service.get("cpus") or 0) * 1e9) != (host.get("NanoCpus") or 0):
        yield "processor limit"
    if _ports(service) != _published(host):
        yield "published ports"
    if {item["target"] for item in service.get("volumes") or []} != _mounted(host):
        yield "mounts"
    labels = {name: str(value).replace("$$", "$") for name, value in (service.get("labels") or {}).items()}
    current = config.get("Labels") or {}
    yield from (f"label {name}" for name in sorted(labels) if current.get(name) != labels[name])


def _texts(words: Any) -> list[str]:
    return [str(word).replace("$$", "$") for word in words]


def _ports(service: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (f"{port['target']}/{port.get('protocol', 'tcp')}", port.get("host_ip", ""), str(port.get("published", "")))
        for port in service.get("ports") or []
    }


def _published(host: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (port, binding.get("HostIp", ""), binding.get("HostPort", ""))
        for port, bindings in (host.get("PortBindings") or {}).items()
        for binding in bindings or []
    }


def _mounted(host: Mapping[str, Any]) -> set[str]:
    """Return the targets of the mounts that Compose asked for: an image may declare further volumes."""
    binds = {bind.split(":")[1] for bind in host.get("Binds") or []}
    return binds | {mount["Target"] for mount in host.get("Mounts") or []}
