# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._engine import service_stats
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import Service
from docker.errors import ImageNotFound, NotFound

from support.containers import container

# A tenth of one of two cores, with the cache as control groups version 1 name it.
STATS = {
    "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 4000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 200}, "system_cpu_usage": 2000, "online_cpus": 2},
    "memory_stats": {"usage": 1000, "stats": {"total_inactive_file": 300, "inactive_file": 1}, "limit": 5000},
}


@pytest.mark.parametrize(
    ("labels", "standin"),
    [
        ({"org.convosphere.sandbox": "true"}, True),
        ({"org.convosphere.sandbox": "base"}, False),
        ({}, False),
        (None, False),
    ],
)
def test_what_is_built_on_the_base_of_the_standins_is_no_standin(labels, standin):
    assert service_stats.is_standin(labels) is standin


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("postgres:15", ("postgres", "15")),
        ("postgres", ("postgres", None)),
        ("registry:5000/a/b", ("registry:5000/a/b", None)),
        ("registry:5000/a/b:1.0@sha256:12", ("registry:5000/a/b", "1.0")),
        ("a/b@sha256:12", ("a/b", None)),
    ],
)
def test_repository_and_tag(reference, parts):
    assert service_stats.repository_and_tag(reference) == parts


def test_usage():
    assert service_stats.usage(STATS) == {"cpu_percent": 10.0, "memory_bytes": 700}


def test_usage_with_control_groups_version_2():
    assert (
        service_stats.usage({"memory_stats": {"usage": 1000, "stats": {"inactive_file": 400}}})["memory_bytes"] == 600
    )


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"cpu_stats": {"cpu_usage": {"total_usage": 0}}, "precpu_stats": {}, "memory_stats": {}},
        {"cpu_stats": STATS["cpu_stats"], "precpu_stats": STATS["cpu_stats"], "memory_stats": {"stats": {}}},
    ],
)
def test_what_the_engine_leaves_out_is_not_known(stats):
    assert service_stats.usage(stats) == {"cpu_percent": None, "memory_bytes": None}


def test_measures_what_runs_and_forgets_what_went_away():
    running, gone, stopped = container("a"), container("a", number=2), container("a", "exited", number=3)
    running.client.api.stats.return_value = STATS  # type: ignore[union-attr]
    gone.client.api.stats.side_effect = NotFound("gone")  # type: ignore[union-attr]

    found = service_stats.measure([Service("a", (running, gone, stopped))])

    assert found == {"p-a-1": {"cpu_percent": 10.0, "memory_bytes": 700}, "p-a-2": None}


def test_totals_are_sums_and_a_limit_is_one_only_if_all_have_it():
    limited = [container("a", number=number, HostConfig={"Memory": 100}) for number in (1, 2)]
    measured = {"p-a-1": {"cpu_percent": 1.5, "memory_bytes": 10}, "p-a-2": {"cpu_percent": None, "memory_bytes": 20}}

    assert service_stats.total(Service("a", tuple(limited)), measured) == {
        "cpu_percent": 1.5,
        "memory_bytes": 30,
        "memory_limit_bytes": 200,
    }
    assert service_stats.total(Service("a", (limited[0], container("a", number=3))), {})["memory_limit_bytes"] is None
    assert set(service_stats.total(Service("a"), {}).values()) == {None}


def test_published_ports_are_sorted_and_those_that_are_only_exposed_are_left_out():
    ports = {
        "443/tcp": None,
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "5353"}],
        "80/tcp": [{"HostIp": "::", "HostPort": "8080"}, {"HostIp": "0.0.0.0", "HostPort": "8080"}],
    }

    found = service_stats.published_ports(Service("a", (container("a", NetworkSettings={"Ports": ports}),)))

    assert [(port["host_ip"], port["host_port"], port["container_port"], port["protocol"]) for port in found] == [
        ("127.0.0.1", 5353, 53, "udp"),
        ("0.0.0.0", 8080, 80, "tcp"),
        ("::", 8080, 80, "tcp"),
    ]


def test_image():
    client = Mock()
    client.images.get.return_value.attrs = {"RepoDigests": ["other@sha256:1", "registry:5000/app@sha256:2"]}
    labels = {"org.opencontainers.image.version": "1.0.1", "org.convosphere.sandbox": "true"}

    assert service_stats.image_of(client, Service("a", (container("a", labels=labels),))) == {
        "image": "registry:5000/app:1.0",
        "image_id": "sha256:1234",
        "digest": "registry:5000/app@sha256:2",
        "version": "1.0.1",
        "sandbox": True,
    }


def test_an_image_that_is_gone_or_has_no_labels():
    client = Mock()
    client.images.get.side_effect = ImageNotFound("gone")

    found = service_stats.image_of(client, Service("a", (container("a"),)))

    assert (found["digest"], found["version"], found["sandbox"]) == (None, "1.0", False)
    assert set(service_stats.image_of(client, Service("a")).values()) == {None}
