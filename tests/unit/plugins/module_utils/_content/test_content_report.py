# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import content_report
from ansible_collections.convosphere.platform.plugins.module_utils._content.catalogue import CATALOGUE
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError


def test_all_entities_are_returned_unless_some_are_chosen():
    assert list(content_report.chosen(None)) == list(CATALOGUE)
    assert list(content_report.chosen(["assistants", "tags"])) == ["tags", "assistants"]
    assert content_report.chosen([]) == {}


def test_an_unknown_entity_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match=r"there is no entity 'bots'\. Allowed: tags, "):
        content_report.chosen(["bots"])
