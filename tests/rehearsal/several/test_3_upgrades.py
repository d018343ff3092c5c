# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys of four hosts that have visitors: a release that fails, and one that succeeds."""

from __future__ import annotations

from support.hooks import Hooks
from support.load import load
from support.rehearsal import images
from support.several import APPS, CRASHING, HOSTS, UPGRADED

RATE = 10  # requests a second, beside the engines of four hosts on one small machine


def test_a_backend_that_crashes_never_serves_and_the_report_names_it(prod, access, tmp_path):
    hooks = Hooks(tmp_path)
    hooks.write("on_failure/10-note.yml")
    before = (prod.running(), prod.releases())
    with load(prod, access, rate=RATE) as found:
        run = prod.run("deploy.yml", {"stack_images": {"backend": CRASHING}, **hooks.variables})

    assert run.rc != 0
    for word in ("beside", *APPS, "backend", "planted: the backend ends itself"):
        assert word in run.failures[-1].message
    [note] = hooks.noted()
    assert note["details"]["hosts"] == HOSTS
    assert "planted: the backend ends itself" in str(note["details"]["failures"])
    assert (prod.running(), prod.releases()) == before
    assert found.failed == []
    assert found.refused == []
    assert found.rows == found.written > 0


def test_an_upgrade_of_the_backend_fails_no_request_and_loses_no_row(prod, access):
    before = prod.releases()
    with load(prod, access, rate=RATE) as found:
        run = prod.deploy(UPGRADED).succeeded()

    assert run.changed
    assert [entry for entry in found.failed if entry["name"] == "read"] == []
    assert found.failed == []
    assert found.refused == []
    assert found.rows == found.written > 0
    assert prod.backends() == {host: [UPGRADED] for host in APPS}
    assert len({release for host, release in prod.releases().items() if release != before[host]}) == 1


def test_a_rollback_brings_the_release_before_back_to_all_hosts(prod):
    prod.run("rollback.yml").succeeded()

    assert prod.backends() == {host: [images()["backend"]] for host in APPS}
