# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import edge_maintenance
from ansible_collections.convosphere.platform.plugins.module_utils._stack.edge_maintenance import Maintenance

UNTIL = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)
#: All that HTML, a Caddyfile, its placeholders and its variables could take for their own.
NASTY = "<b>`}` {env.SECRET_KEY} {$HOME} \"quoted\" 'é' \\ &amp; # state: {"


def period(**changes) -> Maintenance:
    return Maintenance(**{"until": UNTIL, "reason": "", "operators": (), "retry_after": 300, **changes})


@pytest.mark.parametrize("reason", ["", "We move.", NASTY])
@pytest.mark.parametrize("operators", [(), ("10.0.0.0/8", "2001:db8::1")])
def test_what_is_rendered_is_read_again(reason, operators):
    given = period(reason=reason, operators=operators)

    assert edge_maintenance.parse(given.render()) == given


def test_the_reason_is_neither_markup_nor_a_placeholder():
    lines = period(reason=NASTY).render().splitlines()

    (page,) = [line for line in lines if "respond" in line]
    assert not set(page.removeprefix("    respond `").removesuffix("` 503")) & set("{}$`\\")
    assert "<b>" not in page
    (data,) = [line for line in lines if line.startswith("# state: ")]
    assert "{" not in data.removeprefix("# state: {")
    assert "$" not in data


def test_operators_and_the_health_are_not_matched():
    text = period(operators=("10.0.0.0/8", "192.0.2.7")).render()

    assert "not client_ip 10.0.0.0/8 192.0.2.7\n" in text
    assert "not path /health /health/* /api/v1/health /api/v1/health/*\n" in text
    assert "client_ip" not in period().render()


def test_the_end_is_found_in_a_loaded_configuration():
    end = int(UNTIL.timestamp())
    loaded = {"match": [{"expression": {"expr": f"int({{time.now.unix}}) < {end}"}}]}

    assert f"int({{time.now.unix}}) < {end}" in period().render()
    assert edge_maintenance.end_in(json.loads(json.dumps(loaded))) == end
    assert edge_maintenance.end_in({"apps": {}}) is None
    assert edge_maintenance.end_in(None) is None


def test_a_maintenance_is_active_until_its_end():
    described = edge_maintenance.described(period(), UNTIL - timedelta(seconds=1))

    assert described == {
        "until": "2026-11-29T06:00:00Z",
        "reason": "",
        "operators": [],
        "retry_after": 300,
        "active": True,
    }
    assert edge_maintenance.described(period(), UNTIL)["active"] is False
    assert edge_maintenance.described(None, UNTIL) is None


@pytest.mark.parametrize(
    ("operators", "reason", "message"),
    [
        (["10.0.0.0/33"], "", "operators: '10.0.0.0/33' is neither an address nor a network"),
        (["ada.example"], "", "is neither an address nor a network"),
        (["0.0.0.0/0"], "", "has every address"),
        (["::/0"], "", "has every address"),
        ([], "a\nb", "reason has more than 300 characters, or a line break"),
        ([], "a" * 301, "reason has more than 300 characters, or a line break"),
    ],
)
def test_options_that_would_be_of_no_use_are_problems(operators, reason, message):
    (problem,) = edge_maintenance.problems(operators, reason)

    assert message in problem


def test_addresses_and_networks_are_no_problem():
    assert list(edge_maintenance.problems(["10.0.0.0/8", "10.1.2.3/8", "192.0.2.7", "2001:db8::/32"], "é")) == []


@pytest.mark.parametrize("text", ["", "respond 503", "# state: {}", "# state: []", '# state: {"until": "soon"}'])
def test_a_file_of_somebody_else_is_refused(tmp_path, text):
    path = edge_maintenance.path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(text)

    with pytest.raises(InputError, match="was not written by convosphere_edge_maintenance"):
        edge_maintenance.read(tmp_path)


def test_without_a_file_there_is_no_maintenance(tmp_path):
    assert edge_maintenance.read(tmp_path) is None
