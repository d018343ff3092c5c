# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What visitors see of an upgrade: nothing. `make soak` has more events, and more visitors."""

from __future__ import annotations

from support.compose_project import docker
from support.load import load, token

RATE = 15  # requests a second, beside the other tests on a small machine


def test_an_upgrade_of_the_backend_fails_no_request_and_loses_no_row(live, tmp_path):
    image, upgraded = live.inspect("backend")["Config"]["Image"], "convosphere-itest/backend:upgraded"
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nLABEL upgraded=yes\n")
    docker("build", "--quiet", f"--tag={upgraded}", str(tmp_path))
    try:
        with load(live, token(live), rate=RATE) as found:
            run = live.run("deploy.yml", extra_vars={"stack_images": {"backend": upgraded}}).succeeded()

        assert run.changed
        assert found.failed == []
        assert found.refused == []
        assert found.rows == found.written > 0
    finally:
        live.run("deploy.yml").succeeded()
        docker("image", "rm", "--force", upgraded)
