# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError


def test_the_hint_follows_the_message_as_a_sentence():
    assert str(ConvosphereError("No such service", hint="It has: a, b.")) == "No such service. It has: a, b."
    assert str(ConvosphereError("No such service.", hint="It has: a, b.")) == "No such service. It has: a, b."
    assert str(ConvosphereError("No such service")) == "No such service"


def test_details_are_kept_beside_the_message():
    assert ConvosphereError("x", reason="not running").details == {"reason": "not running"}


def test_one_problem_is_the_message_and_several_are_counted():
    assert str(InputError.of(["Service a is unknown"])) == "Service a is unknown"
    error = InputError.of(["Service a is unknown", "Service b is unknown"], hint="It has: c.")
    assert str(error) == "2 problems: Service a is unknown; Service b is unknown. It has: c."
    assert error.details == {"problems": ["Service a is unknown", "Service b is unknown"]}
