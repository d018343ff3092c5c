#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_image_bundle
short_description: Write the images of an environment into one archive
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes images of a host into one archive on the controller, for sites without internet access.
  - The archive is a C(tar) file that C(docker load) and M(convosphere.platform.convosphere_image) read. It has each
    layer once, compressed, under the digest of its content, so that a later deploy transfers single layers.
  - A manifest is written beside the archive, under its name with C(.json) added. It has the checksum of the archive,
    and the ids and layers of the images.
  - The archive is written again if the id of one of the images differs from the manifest. It gets its name when it is
    complete; after an interruption, the previous archive is unchanged.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  path:
    description: The path of the archive on the controller, in an existing directory.
    type: path
    required: true
  images:
    description:
      - The references of the images, each with a tag.
      - Exactly one of O(images) and O(release) is required.
    type: list
    elements: str
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  release:
    description: The id of a kept release in O(project_src), whose images are written under the names that it recorded.
    type: str
  images_to_come:
    description: References among O(images) that another task brings before the real run. They count in check mode only.
    type: list
    elements: str
    default: []
  existing:
    description:
      - The ids of the images in the archive that exists, by reference.
      - The module's part on the controller reads them from the manifest. There is no need to give them.
    type: dict
"""

EXAMPLES = r"""
- name: Write the images of the environment into an archive
  convosphere.platform.convosphere_image_bundle:
    environment_name: prod
    project_src: /opt/convosphere/prod
    path: /srv/bundles/prod.tar
    images:
      - ghcr.io/convosphere/convosphere/backend:0.1.2-beta
      - postgres:15

- name: Write the images of an earlier release into an archive
  convosphere.platform.convosphere_image_bundle:
    environment_name: prod
    project_src: /opt/convosphere/prod
    path: /srv/bundles/prod.tar
    release: 20261129T024104123Z
"""

RETURN = r"""
images:
  description: The images, each with its name, its id and the digests of its uncompressed layers.
  type: list
  elements: dict
  returned: success
  sample:
    - name: postgres:15
      id: sha256:8d6f0fa665f5
      layers: ["sha256:939b00996a51"]
size_bytes:
  description: The size of the archive; null if it was not written in this run.
  type: int
  returned: success
  sample: 412876800
sha256:
  description: The checksum of the archive; null if it was not written in this run.
  type: str
  returned: success
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import ENGINE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.bundle_run import BundleRun


class ImageBundleModule(ConvosphereModule):
    """Write images into one archive."""

    argument_spec = {
        **ENGINE_OPTIONS,
        **ENVIRONMENT_OPTION,
        "path": {"type": "path", "required": True},
        "images": {"type": "list", "elements": "str"},
        "project_src": {"type": "path", "required": True},
        "release": {"type": "str"},
        "images_to_come": {"type": "list", "elements": "str", "default": []},
        "existing": {"type": "dict"},
    }
    rules = {"required_one_of": [("images", "release")], "mutually_exclusive": [("images", "release")]}

    def build(self) -> Work:
        """Return the run."""
        return BundleRun(self.invocation)


def main() -> None:
    ImageBundleModule.main()


if __name__ == "__main__":
    main()
