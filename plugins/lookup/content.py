# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of an environment, from its content file."""

from __future__ import annotations

DOCUMENTATION = r"""
name: content
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Read a content file on the controller
description:
  - Reads one YAML document with the content of an environment, in the form that docs/content.md describes, and the
    texts that it names beside it.
  - Files that are encrypted with Ansible Vault are decrypted. No template in a text is rendered.
  - All problems of the file are reported together.
options:
  _terms:
    description:
      - The path of the file. A relative one is searched in the working directory of the run first, then in C(files)
        beside the playbook.
    type: list
    elements: str
    required: true
  secrets:
    description:
      - Whether to return the values of environment variables that the file names with C(from_env). Without it the names
        are returned, and only their presence is checked. A secret that the file itself has is replaced by asterisks.
    type: bool
    default: false
seealso:
  - plugin: convosphere.platform.content_files
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show the names of the assistants that a content file declares
  ansible.builtin.debug:
    msg: "{{ lookup('convosphere.platform.content', 'content/prod.yml').assistants | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description: The sections of the file, in the order of their application, with the texts of the files that they name.
  type: list
  elements: dict
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_file import ContentReader
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_folder import LARGEST_DOCUMENT, Folder
from ansible_collections.convosphere.platform.plugins.plugin_utils._content_sections import SECTIONS


class LookupModule(LookupBase):
    """The sections of one content file."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the sections as the only element. Raise AnsibleLookupError with all problems of the file."""
        self.set_options(var_options=variables, direct=kwargs)
        if len(terms) != 1 or not terms[0]:
            raise AnsibleLookupError(
                "No content file is given. Allowed: the path of one YAML file. Next: set content_file in the inventory,"
                " or run the playbook with -e content_file=content/prod.yml."
            )
        path = self._found(str(terms[0]), variables)
        folder = Folder(path.parent, self._loader.get_real_file)
        specs = {section.name: section.spec for section in SECTIONS if section.spec is not None}
        reader = ContentReader(
            folder.text,
            os.environ,
            specs,
            secrets=self.get_option("secrets"),
            path_of=lambda name: str(folder.path(name)),
        )
        try:
            return [reader.read(folder.text(path.name, LARGEST_DOCUMENT), str(terms[0]))]
        except InputError as error:
            # Ansible adds the message of a cause to that of the error.
            raise AnsibleLookupError(f"Cannot read the content: {error}") from None
        except AnsibleError as error:
            raise AnsibleLookupError(f"Cannot read the content file {terms[0]}: {error}") from None
        finally:
            self._loader.cleanup_all_tmp_files()

    def _found(self, name: str, variables: Any) -> Path:
        here = Path(name).expanduser().absolute()
        # As for users_file, a file in the working directory of the run comes first.
        found = here if here.is_file() else self.find_file_in_search_path(variables, "files", name, ignore_missing=True)
        if not found:
            raise AnsibleLookupError(
                f"There is no content file {name}, neither in {Path.cwd()} nor beside the playbook. Next: correct"
                " content_file; content_export.yml writes a first file."
            )
        return Path(found).resolve()
