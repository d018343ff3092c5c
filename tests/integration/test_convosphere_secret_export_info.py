# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.law import Refused, Step

MODULE = "convosphere_secret_export_info"
TEXT = '# The ports too\nSECRET_KEY="planted-main $KEY"\nEMPTY=""\nOTHER="planted-other"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text(TEXT)
    return tmp_path


@pytest.mark.law
def test_law(run_info_law, place):
    options = {"project_src": str(place), "names": ["SECRET_KEY"]}
    head = "# Fetched secrets of an environment of ConvoSphere. Remove this file after use.\n"

    run_info_law(
        MODULE,
        options,
        returns={"content": f'{head}SECRET_KEY="planted-main \\$KEY"\n'},
        refused=[
            Refused("unset", {**options, "names": ["SECRET_KEY", "EMPTY"]}, "has no EMPTY"),
            Refused(
                "secret key", {**options, "recipient": "AGE-SECRET-KEY-1QQ"}, "recipient is not a public key of age"
            ),
        ],
    )


def test_what_is_encrypted_for_a_key_is_read_with_it(run_steps, place, tmp_path):
    key = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "--output", str(key)], check=True, capture_output=True)
    shown = subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True)
    options = {"project_src": str(place), "names": ["SECRET_KEY"], "recipient": shown.stdout.strip()}

    run = run_steps(MODULE, [Step("read", options, changed=False)], secrets=["planted-main"])

    content = run.task("read").result["content"]
    opened = subprocess.run(
        ["age", "--decrypt", f"--identity={key}"], input=content, check=True, capture_output=True, text=True
    )
    assert content.startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert 'SECRET_KEY="planted-main \\$KEY"\n' in opened.stdout
