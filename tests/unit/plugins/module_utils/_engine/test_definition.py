# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._engine import definition

SERVICE = {
    "command": ["sh", "-c", "echo $$HOME"],
    "environment": {"LEVEL": "info", "PRICE": "5$$", "UNSET": None},
    "healthcheck": {"test": ["CMD", "true"]},
    "mem_limit": "1048576",
    "cpus": 1.5,
    "ports": [{"target": 80, "published": "8080", "protocol": "tcp", "host_ip": "127.0.0.1"}],
    "volumes": [{"type": "bind", "source": "/a", "target": "/b"}, {"type": "volume", "source": "v", "target": "/v"}],
    "labels": {"mine": "1"},
}


def attributes(**changes: Any) -> dict[str, Any]:
    """Return what the engine reports of a container of SERVICE, with other settings."""
    config = {
        "Env": ["LEVEL=info", "PRICE=5$", "PATH=/bin", "OF_IMAGE=1"],
        "Cmd": ["sh", "-c", "echo $HOME"],
        "Healthcheck": {"Test": ["CMD", "true"]},
        "Labels": {"mine": "1", "com.docker.compose.service": "web"},
    }
    host = {
        "Memory": 1048576,
        "NanoCpus": 1500000000,
        "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]},
        "Binds": ["/a:/b:rw"],
        "Mounts": [{"Target": "/v"}],
    }
    for name, value in changes.items():
        (config if name in config else host)[name] = value
    return {"Config": config, "HostConfig": host}


def differing(**changes: Any) -> list[str]:
    return definition.differing(SERVICE, attributes(**changes), {"OF_IMAGE"}, {})


def test_a_container_as_declared_differs_in_nothing_that_is_known():
    assert differing() == [definition.OTHER]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Env": ["LEVEL=debug", "EXTRA=1"]}, ["environment EXTRA", "environment LEVEL", "environment PRICE"]),
        ({"Cmd": ["sh"]}, ["command"]),
        ({"Healthcheck": None}, ["health check"]),
        ({"Memory": 0}, ["memory limit"]),
        ({"NanoCpus": 0}, ["processor limit"]),
        ({"PortBindings": None}, ["published ports"]),
        ({"Binds": None}, ["mounts"]),
        ({"Labels": {"mine": "2"}}, ["label mine"]),
    ],
)
def test_each_setting_that_differs_is_named(changes, expected):
    assert differing(**changes) == expected


def test_no_value_is_shown():
    assert "debug" not in str(differing(Env=["LEVEL=debug"]))
