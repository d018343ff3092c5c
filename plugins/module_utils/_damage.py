# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether what a program failed of is the backup that it read, or anything else: its key, its container, its memory.

A backup that is called damaged is not restored any more and not kept, so that only what a program is known to say of
a bad input counts. Whatever else goes wrong says nothing about the backup, and is an error of the run alone.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re

from ansible_collections.convosphere.platform.plugins.module_utils._errors import CommandError

#: What each program says of an input that nobody can make anything of.
_OF_INPUT = {
    # Anchored: what it says of the file of a key begins with the file's name.
    "age": re.compile(
        r"^age: error: (?:failed to read header|bad header MAC|failed to read nonce|unexpected EOF"
        r"|failed to decrypt and authenticate|trailing data|last chunk is empty)",
        re.MULTILINE,
    ),
    # Not where it lacks memory, which it calls an error of decoding too.
    "zstd": re.compile(
        r"Decoding error \(\d+\) : (?!.*memory)|unsupported format|unknown header|unexpected end of file|premature"
    ),
    # Not a version that it does not know: another pg_restore may.
    "pg_restore": re.compile(
        r"^pg_restore: error: (?:could not read from input file: end of file|input file |did not find magic string"
        r"|sanity check on integer size|expected format|invalid |unrecognized )|corrupt",
        re.MULTILINE,
    ),
}
#: What pg_restore says where a dump may be as good as can be, and the server lacks something or has ended.
_OF_SERVER = re.compile(
    r"No space left|out of (?:shared )?memory|disk full|too many (?:clients|connections)|permission denied"
    r"|must be (?:\S+ )?(?:superuser|owner|member)"
    r"|(?:role|tablespace|extension|language) \S+ (?:does not exist|is not available)"
    r"|extension control file|unrecognized configuration parameter|server closed the connection|terminating connection"
    r"|connection to server|could not connect|the database system is|canceling statement|deadlock detected"
    r"|Error response from daemon|Broken pipe|could not access file|could not (?:write|extend|create) file",
    re.IGNORECASE,
)


def ended_by_itself(error: CommandError) -> bool:
    """Whether a program ran to an error of its own: beyond are signals, and what docker or the kernel has to say."""
    return 0 < error.details.get("returncode", 0) < 125


def is_of_input(error: CommandError) -> bool:
    """Whether a program says that what it read is not what it should be."""
    known = _OF_INPUT.get(str(error.details.get("program")))
    return bool(known and ended_by_itself(error) and known.search(error.details.get("stderr", "")))


def is_of_dump(error: CommandError) -> bool:
    """Whether an error of loading a dump may be the dump's own, as far as what the programs say can tell.

    A server refuses what is wrong with a dump in as many ways as there are statements in it.
    """
    if error.details.get("program") != "pg_restore":
        return is_of_input(error)
    return ended_by_itself(error) and not _OF_SERVER.search(error.details.get("stderr", ""))
