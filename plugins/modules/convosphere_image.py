#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_image
short_description: Ensure that the images of an environment are present on a host
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Ensures in one task that a list of images is present. They are pulled from their registries, built from contexts on
    the host, or loaded from an archive, for sites without internet access.
  - Several images are pulled at once. All images that could not be made present are reported in one error, each with
    its reason.
  - In check mode nothing is downloaded. The registries are asked whether they have the images, and the module fails if
    they do not, as a real run would. A host without Docker Engine counts as one without images.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.attributes
options:
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The reference of the image, for example V(postgres:15).
        type: str
        required: true
      build:
        description: The directory on the host from which the image is built with O(source=build).
        type: path
      dockerfile:
        description: The name of the Dockerfile in O(images[].build).
        type: str
        default: Dockerfile
  source:
    description:
      - The source of the images.
      - V(pull) downloads them from their registries.
      - V(build) builds the images that have O(images[].build) and pulls the other ones.
      - V(load) loads all images from O(archive).
    type: str
    choices: [pull, build, load]
    default: pull
  archive:
    description:
      - The path on the controller of an archive that M(convosphere.platform.convosphere_image_bundle) or C(docker save)
        wrote, uncompressed or compressed as C(.gz) or C(.zst). With O(remote_src=true), the path on the host.
      - It must contain every image of O(images); that is verified before anything is loaded.
      - Of an archive on the controller, only the images that are loaded are transferred, and of these only the layers
        that the host lacks. An engine that keeps its images in containerd's store gets all layers of these images.
      - If there is a manifest beside the archive, the checksum in it is verified before the transfer.
    type: path
  remote_src:
    description: Whether O(archive) is on the host instead of the controller. The host then reads all of it.
    type: bool
    default: false
  archive_content:
    description:
      - The images in O(archive) by reference, each with C(id) and C(layers).
      - The module's part on the controller reads them from the archive. There is no need to give them.
    type: dict
  pull:
    description:
      - V(missing) skips an image that is present under its name.
      - V(always) asks the registry, or reads the archive, and updates an image that differs there. Built images are not
        built again.
    type: str
    choices: [missing, always]
    default: missing
  required:
    description:
      - Whether an image that cannot be made present is an error.
      - With V(false) it is returned in RV(missing) instead.
    type: bool
    default: true
  required_bytes:
    description: The number of bytes that must be free in Docker's root directory before images are brought.
    type: int
    default: 0
  pull_timeout:
    description: The number of seconds for which a registry may be silent before it counts as unreachable.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Ensure that the images are present
  convosphere.platform.convosphere_image:
    images:
      - name: postgres:15
      - name: redis:7-alpine

- name: Build the backend from the operator's own source, and pull the other image
  convosphere.platform.convosphere_image:
    source: build
    images:
      - name: registry.example.com/backend:1.4
        build: /srv/convosphere/backend
      - name: postgres:15

- name: Load the images on a site without internet access
  convosphere.platform.convosphere_image:
    source: load
    archive: /srv/images/convosphere.tar.zst
    required_bytes: 6000000000
    images:
      - name: postgres:15
"""

RETURN = r"""
images:
  description: The id of each present image, by its name. In check mode, only of images that are already present.
  type: dict
  returned: success
  sample:
    postgres:15: sha256:5f9d0d3b4a1c
missing:
  description: The names of the images that could not be made present. Empty unless O(required=false).
  type: list
  elements: str
  returned: success
reasons:
  description: The reasons why images could not be made present, by the name of the image.
  type: dict
  returned: success
  sample: {}
needed:
  description:
    - What is loaded of an archive on the controller, if there is something to load.
  type: dict
  returned: success
  contains:
    images:
      description: The names of the images.
      type: list
      elements: str
    layers:
      description: The digests of the layers of these images that the host lacked.
      type: list
      elements: str
  sample:
    images: [postgres:15]
    layers: ["sha256:21b954744330"]
transferred_bytes:
  description: The number of bytes that were transferred from the controller to the host.
  type: int
  returned: if layers of an archive on the controller were loaded
  sample: 12582912
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import ENGINE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._engine.image_run import ImageRun


class ImageModule(ConvosphereModule):
    """Make the images of one environment present."""

    argument_spec = {
        **ENGINE_OPTIONS,
        "images": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "name": {"type": "str", "required": True},
                "build": {"type": "path"},
                "dockerfile": {"type": "str", "default": "Dockerfile"},
            },
        },
        "source": {"type": "str", "choices": ["pull", "build", "load"], "default": "pull"},
        "archive": {"type": "path"},
        "remote_src": {"type": "bool", "default": False},
        "archive_content": {"type": "dict"},
        "pull": {"type": "str", "choices": ["missing", "always"], "default": "missing"},
        "required": {"type": "bool", "default": True},
        "required_bytes": {"type": "int", "default": 0},
        "pull_timeout": {"type": "int", "default": 30},
    }
    rules = {"required_if": [("source", "load", ["archive"])]}

    def build(self) -> Work:
        """Return the run."""
        return ImageRun(self.invocation)


def main() -> None:
    ImageModule.main()


if __name__ == "__main__":
    main()
