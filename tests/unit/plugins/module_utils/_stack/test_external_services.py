# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import external_services

from support.containers import container, engine


@pytest.mark.parametrize("state", ["running", "exited", "created"])
def test_a_container_of_its_own_is_refused_whatever_its_state(state):
    client = engine(container("redis"), container("postgres", state))

    with pytest.raises(InputError, match="p has a container of its own of it: p-postgres-1") as caught:
        external_services.refuse_containers(client, "p", ["postgres"])

    assert "docker rm --force p-postgres-1), which keeps its volume" in str(caught.value)


def test_other_containers_are_allowed():
    external_services.refuse_containers(engine(container("redis")), "p", ["postgres"])
    external_services.refuse_containers(engine(container("postgres")), "p", [])
    external_services.refuse_containers(None, "p", ["postgres"])


def test_a_release_with_the_service_is_refused():
    with pytest.raises(InputError, match="The release 20261123T114500123Z has postgres as a service of its own"):
        external_services.refuse_definitions({"postgres", "redis"}, "20261123T114500123Z", ["postgres"])


def test_a_stack_with_the_service_is_refused():
    with pytest.raises(InputError, match="The stack defines postgres, and external_services names it"):
        external_services.refuse_definitions({"postgres": {}}, None, ["postgres"])
    external_services.refuse_definitions({"redis": {}}, None, ["postgres"])
