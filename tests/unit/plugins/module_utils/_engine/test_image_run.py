# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._engine import image_run, images


def run(*names: str, required: bool = True) -> image_run.ImageRun:
    given = [{"name": name, "build": None, "dockerfile": "Dockerfile"} for name in names]
    params = {"images": given, "source": "pull", "required": required, "docker_host": "unix:///x", "pull_timeout": 1}
    return image_run.ImageRun(Invocation(params, given={}, check_mode=False, warn=Mock(), hide=Mock()))


def failing(monkeypatch: Any) -> None:
    """Let the pull of b:1 fail."""

    def pull(_api: object, name: str) -> None:
        if name == "b:1":
            raise EngineError("no such image")

    monkeypatch.setattr(images, "impatient", Mock())
    monkeypatch.setattr(images, "pull", pull)


def test_an_image_that_may_fail_is_not_among_the_changes(monkeypatch):
    failing(monkeypatch)
    work = run("a:1", "b:1", required=False)
    work.client = Mock()
    plan = make_plan({"a:1": {"image": "pull"}, "b:1": {"image": "pull"}}, {})

    work.apply(plan)

    assert [change.name for change in work.carried_out(plan)] == ["a:1"]
    assert work.failures == {"b:1": "no such image"}


def test_a_required_image_that_fails_is_an_error(monkeypatch):
    failing(monkeypatch)
    work = run("a:1", "b:1")
    work.client = Mock()

    with pytest.raises(EngineError, match=r"1 of 2 images could not be made present: b:1: no such image\. Log in"):
        work.apply(make_plan({"a:1": {"image": "pull"}, "b:1": {"image": "pull"}}, {}))


def test_an_image_that_is_named_twice_is_refused_with_both_places():
    with pytest.raises(InputError, match=r"images\[2\]: a:1 was named before, in images\[0\]"):
        run("a:1", "b:1", "a:1").plan()
