# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine import proxies

from support.containers import container

HOST = "unix:///var/run/docker.sock"


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the configuration of a Docker client."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return (tmp_path / "config.json").write_text


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({}, {}),
        ({"proxies": None}, {}),
        ({"auths": {}, "proxies": {"default": {}}}, {}),
        ({"proxies": {"tcp://other:2375": {"httpProxy": "http://p"}}}, {}),
        ({"proxies": {"default": {"httpProxy": "http://p"}}}, {"HTTP_PROXY": "http://p", "http_proxy": "http://p"}),
        (
            {"proxies": {"default": {"httpProxy": "http://p"}, HOST: {"noProxy": "a,b", "allProxy": ""}}},
            {"NO_PROXY": "a,b", "no_proxy": "a,b"},
        ),
    ],
)
def test_the_proxies_are_those_of_the_client_for_this_engine(configured, content, found):
    configured(json.dumps(content))

    assert proxies.of_client(HOST) == found


@pytest.mark.usefixtures("configured")
def test_without_a_configuration_there_are_no_proxies():
    assert proxies.of_client(HOST) == {}


@pytest.mark.parametrize(
    "content", ["{planted", "[1]", '{"proxies": "planted"}', '{"proxies": {"default": "planted"}}']
)
def test_a_configuration_that_cannot_be_read_is_named_and_not_shown(configured, tmp_path, content):
    configured(content)

    with pytest.raises(InputError) as caught:
        proxies.of_client(HOST)

    assert f"{tmp_path}/config.json" in str(caught.value)
    assert "planted" not in str(caught.value)


def test_what_a_service_says_itself_wins_over_the_client():
    service = {"environment": {"A": "cost$$s", "NO_PROXY": "mine", "http_proxy": None, "N": 1}}

    found = proxies.environment(service, {"NO_PROXY": "x", "no_proxy": "x", "http_proxy": "p", "HTTP_PROXY": "p"})

    assert found == {"A": "cost$s", "NO_PROXY": "mine", "no_proxy": "x", "HTTP_PROXY": "p", "N": "1"}
    assert proxies.environment({}, {}) == {}


@pytest.mark.parametrize(
    ("current", "names"),
    [
        (["A=1", "PATH=/bin"], []),
        (["A=1", "PATH=/bin", "HTTP_PROXY=http://gone", "https_proxy=http://gone"], ["HTTP_PROXY", "https_proxy"]),
        (["A=1", "ALL_PROXY=of-the-image"], []),
        (["A=1", "ADDED_BY_A_PROGRAM=1"], []),
        (["A=2"], ["A"]),
        (["A"], ["A"]),
        (None, ["A"]),
    ],
)
def test_a_container_is_stale_if_its_environment_is_not_the_desired_one(current, names):
    found = container("web", Config={"Labels": {}, "Env": current})

    assert proxies.stale({"A": "1"}, {"PATH", "ALL_PROXY"}, found) == names


def test_an_exception_of_the_client_is_lost_where_a_service_has_exceptions_of_its_own():
    client = {"NO_PROXY": ".corp, db.example", "HTTP_PROXY": "p"}
    web, plain = {"environment": {"NO_PROXY": "web,db.example"}}, {"environment": {"A": "1"}}

    assert proxies.not_bypassed({"web": web, "plain": plain}, client) == [".corp"]
    assert proxies.not_bypassed({"plain": plain}, client) == []
    assert proxies.not_bypassed({"web": web}, {}) == []
