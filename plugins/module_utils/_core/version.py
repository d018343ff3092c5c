# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's version: a module on a managed host has no galaxy.yml to read from.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

VERSION = "1.0.0"
