# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the keys of signed registers."""

from __future__ import annotations


class ModuleDocFragment:
    """The keys that verify the registers of erasures and holds; ``WRITING`` adds how they are signed."""

    DOCUMENTATION = r"""
options:
  controller_signing_key:
    description:
      - The path of a private SSH key B(on the controller), without a passphrase. It never leaves the controller. With
        a passphrase, the SSH agent has to have the key, and its public half lies beside it as C(.pub).
      - The registers C(erasures-ENVIRONMENT.json) and C(holds-ENVIRONMENT.json) are verified with it. A file that was
        changed, or signed with another key, is an error before anything is changed. A file without a signature is a
        warning.
      - Without a key, signatures are ignored. At most one of this, O(signing_key) and O(public_key) can be given.
    type: path
  signing_key:
    description:
      - The path of a private SSH key on the managed host, without a passphrase, as O(controller_signing_key). The
        administrator of the host can sign with it, too.
    type: path
  public_key:
    description: The public key, as the line of a C(.pub) file, of a private key that is at neither place.
    type: str
"""

    WRITING = r"""
options:
  signatures:
    description:
      - The signatures of the texts that an earlier run with O(public_key) returned as C(unsigned), by the same names.
      - With O(public_key) and without this, nothing is written beside the backups.
    type: dict
"""
