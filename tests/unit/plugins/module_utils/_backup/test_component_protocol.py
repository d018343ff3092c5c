# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import inspect
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.component_protocol import (
    BackupComponent,
    RestoreComponent,
)
from ansible_collections.convosphere.platform.plugins.module_utils._backup.components import (
    UploadsComponent,
    VectorsComponent,
)
from ansible_collections.convosphere.platform.plugins.module_utils._backup.database_component import DatabaseComponent
from ansible_collections.convosphere.platform.plugins.module_utils._restore.component_restore import (
    UploadsRestore,
    VectorsRestore,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_restore import DatabaseRestore


@pytest.mark.parametrize(
    ("component", "protocol"),
    [
        *((each, BackupComponent) for each in (DatabaseComponent, UploadsComponent, VectorsComponent)),
        *((each, RestoreComponent) for each in (DatabaseRestore, UploadsRestore, VectorsRestore)),
    ],
)
def test_a_component_has_every_method_of_its_protocol(component: type[Any], protocol: type[Any]):
    methods = {name for name, _function in inspect.getmembers(protocol, inspect.isfunction) if not name.startswith("_")}
    lacking = [name for name in sorted(methods) if parameters(component, name) != parameters(protocol, name)]

    assert {"check", "close"} < methods
    assert lacking == []


def parameters(owner: type[Any], name: str) -> list[str] | None:
    """Return the names of a method's parameters, without the underscore of an unused one; None without the method."""
    method = getattr(owner, name, None)
    return None if method is None else [parameter.lstrip("_") for parameter in inspect.signature(method).parameters]
