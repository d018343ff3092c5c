# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.option_numbers import out_of_range

SPEC = {
    "wait_timeout": {"type": "int", "default": 120},
    "backup_max_age": {"type": "float"},
    "login_port": {"type": "int"},
    "wait": {"type": "bool"},
    "ports": {"type": "list", "options": {"port": {"type": "int"}}},
    "retention": {"type": "dict", "options": {"keep_last": {"type": "int"}}},
}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"wait_timeout": 0, "backup_max_age": 0.5, "login_port": 5432, "wait": False}, []),
        ({"wait_timeout": None, "ports": None, "retention": None}, []),
        ({"wait_timeout": -1}, ["The option wait_timeout is -1: it cannot be negative"]),
        ({"backup_max_age": -0.5}, ["The option backup_max_age is -0.5: it cannot be negative"]),
        ({"backup_max_age": float("nan")}, ["The option backup_max_age is nan: give a finite number"]),
        ({"backup_max_age": float("inf")}, ["The option backup_max_age is inf: give a finite number"]),
        ({"login_port": 0}, ["The option login_port is 0: give a port from 1 to 65535"]),
        ({"login_port": 65536}, ["The option login_port is 65536: give a port from 1 to 65535"]),
        ({"ports": [{"port": 1}, {"port": -2}]}, ["The option ports[1].port is -2: give a port from 1 to 65535"]),
        ({"retention": {"keep_last": -1}}, ["The option retention.keep_last is -1: it cannot be negative"]),
    ],
)
def test_a_number_that_no_option_can_be_is_named(options, said):
    assert list(out_of_range(SPEC, options, {})) == said


def test_a_module_may_want_more_than_nothing():
    found = list(out_of_range(SPEC, {"wait_timeout": 0, "backup_max_age": 0}, {"wait_timeout": 1}))

    assert found == ["The option wait_timeout is 0: give a number of at least 1"]
