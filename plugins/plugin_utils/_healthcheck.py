# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work out the periods of a health check that costs little once a container is steady. No input or output.

Each health check starts a process in a container, and most of the cost of an idle environment is that. Docker Engine
25 has ``start_interval`` for containers that start; older engines, such as Debian 12's, refuse it. The check of the
stack is the same on every engine: Docker starts it every two seconds, and it sleeps before it asks the service.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils._value_checks import seconds

#: Between two checks of a container that starts, or fails.
PAUSE_SECONDS = 2


def periods(interval: str, timeout: int) -> dict[str, str]:
    """Return ``{interval, sleep, timeout}``: the two for Docker are durations, ``sleep`` is the longest, in seconds.

    ``interval`` is that of a steady container, in Docker's notation, ``timeout`` the seconds that asking may take.
    Raises ValueError.
    """
    found = seconds(interval)
    if found is None or found < 1:
        raise ValueError(f"{interval!r} is no duration of at least one second, such as 30s")
    sleep = max(0, int(found) - PAUSE_SECONDS)
    return {"interval": f"{min(int(found), PAUSE_SECONDS)}s", "sleep": f"{sleep}", "timeout": f"{sleep + timeout}s"}
