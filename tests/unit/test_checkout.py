# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkout is its own collection, by links in collections/ that ansible.cfg names and the artifact lacks."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path

import pytest

from support.collection import ROOT, load_yaml

LINKS = ROOT / "collections/ansible_collections/convosphere/platform"


def settings(path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of an ansible.cfg, with each relative path as seen from the top of the checkout."""
    parser = ConfigParser(interpolation=None)
    parser.read(path)
    found = {section: dict(parser[section]) for section in parser.sections()}
    for name in ("inventory", "collections_path"):
        found["defaults"][name] = found["defaults"][name].replace("../", "")
    return found


def test_what_ansible_wants_of_a_collection_is_linked_and_nothing_leads_back_to_itself():
    assert {path.name: path.readlink() for path in LINKS.iterdir()} == {
        name: Path("../../../..") / name for name in ("galaxy.yml", "meta", "playbooks", "plugins", "roles")
    }
    assert {path.name for path in LINKS.iterdir() if path.resolve() != ROOT / path.name} == set()


def test_both_settings_say_the_same():
    # Ansible reads the file of the folder that it is started in: AWX the top one, an operator that of playbooks/.
    assert settings(ROOT / "ansible.cfg") == settings(ROOT / "playbooks/ansible.cfg")


def test_the_checkout_comes_first_and_the_default_places_stay():
    first, *others = settings(ROOT / "ansible.cfg")["defaults"]["collections_path"].split(":")

    assert (ROOT / first).resolve() == LINKS.parents[2]
    assert others == ["~/.ansible/collections", "/usr/share/ansible/collections"]


@pytest.mark.parametrize(
    ("path", "key"), [("galaxy.yml", "build_ignore"), (".ansible-lint", "exclude_paths"), (".yamllint", "ignore")]
)
def test_no_tool_reads_what_is_linked_a_second_time(path, key):
    found = load_yaml(ROOT / path)[key]

    assert "collections" in [name.rstrip("/") for name in (found.split() if isinstance(found, str) else found)]


def test_what_is_staged_for_other_tools_leaves_the_links_out():
    assert "':!collections'" in (ROOT / "scripts/stage.sh").read_text()
