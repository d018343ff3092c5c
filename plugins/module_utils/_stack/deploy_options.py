# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the options that describe the desired stack, for the modules that deploy it and that plan its deploy.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from . import beside, edge, published_ports

VALIDATE = {
    "service": {"type": "str", "required": True},
    "command": {"type": "list", "elements": "str", "required": True},
}
FILE = {
    "path": {"type": "str", "required": True},
    "content": {"type": "raw", "required": True},
    "mode": {"type": "str", "default": "0640"},
    "validate": {"type": "dict", "options": VALIDATE},
}
SECRET = {
    "name": {"type": "str", "required": True},
    "value": {"type": "raw", "no_log": True},
    "derive": {"type": "raw"},
    "length": {"type": "int", "default": 40},
}

BESIDE = {**beside.OPTIONS, **published_ports.OPTIONS}

#: The doc fragment ``stack`` documents them.
STACK_OPTIONS: dict[str, Any] = {
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
    "secrets": {"type": "list", "elements": "dict", "default": [], "options": SECRET, "no_log": False},
    "rotate": {"type": "list", "elements": "str", "default": []},
    "hold_rotation": {"type": "bool", "default": False},
    "allow_standins": {"type": "bool", "default": True},
    "external_services": {"type": "list", "elements": "str", "default": []},
    "edge": {"type": "dict", "options": edge.OPTIONS},
    "beside": {"type": "list", "elements": "dict", "default": [], "options": BESIDE},
    "schema": {"type": "dict"},
    "schema_image": {"type": "str"},
    "images_to_come": {"type": "list", "elements": "str"},
}
