# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._engine.layers import chains, lacking

# Of a real image, as Docker Engine stores it in image/overlay2/layerdb/sha256.
BASE = "sha256:939b00996a51bdba9fe4e3034191da9c5a40c564465a9b60de0fda0df38ad138"
TOP = "sha256:62d22a7a8575a943d70091cb82c0ed0162827ffc82cbad9b24c56caaa950c715"
CHAIN = "sha256:cbbeca6a5546f515dd1b21385ac1b32734442ce91524874aa72c244c21c8d8b7"


def test_the_chain_of_the_lowest_layer_is_its_digest_and_others_include_those_below():
    assert list(chains([BASE, TOP])) == [BASE, CHAIN]


def test_layers_that_the_engine_has_on_the_same_layers_are_not_needed():
    assert lacking([[BASE, TOP], [BASE]], {BASE}) == [TOP]
    assert lacking([[BASE, TOP]], {BASE, CHAIN}) == []


def test_a_layer_on_other_layers_is_needed_and_named_once():
    assert lacking([[TOP, BASE], [TOP, TOP]], {BASE, CHAIN}) == [TOP, BASE]
