# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in the place of bcrypt, and cannot be imported."""

from __future__ import annotations

raise ImportError("bcrypt is not to be used here")
