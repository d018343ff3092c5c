# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a thousand documents cost that did not change, beside a listing of them in plain SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import unquote, urlsplit

from support.bench import Contender, Row, playbook_of
from support.environment import Environment
from support.platform_schema import empty_platform, program

NAME, COUNT = "bench_documents", 1000
OWNER = """
INSERT INTO users (id, email, username, auth_provider, status, role, is_verified, failed_login_attempts, language,
  timezone) VALUES (gen_random_uuid(), 'l@example.com', 'librarian', 'LOCAL', 'ACTIVE', 'USER', true, '0', 'de', 'UTC')
"""
LIST = """
SELECT d.*, ARRAY(SELECT t.name FROM document_tag_association a JOIN tags t ON t.id = a.tag_id
  WHERE a.document_id = d.id) FROM documents d WHERE starts_with(d.source, 'handbook/') ORDER BY d.source
"""
TEXT = "A sentence of the handbook, of which there are many. " * 100


class Documents:
    """A folder of documents, and the database that has them."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.password = unquote(urlsplit(environment.secrets()["DATABASE_URL"]).password or "")
        self.folder = environment.folder / "handbook"

    def make(self) -> None:
        """Create the database and the folder."""
        empty_platform(self.environment, NAME)
        self.plain("owner", OWNER)()
        self.folder.mkdir(exist_ok=True)
        for number in range(COUNT):
            (self.folder / f"{number}.md").write_text(f"# Page {number}\n\n{TEXT}")

    def ours(self) -> Callable[[], None]:
        """Return a playbook that brings the folder."""
        options = {
            "login_port": self.environment.postgres_port,
            "login_password": self.password,
            "login_db": NAME,
            "project_name": self.environment.project,
            "environment_name": self.environment.name,
            "owner": "librarian",
            "folder": str(self.folder),
            "source": "handbook",
            "tags": ["handbook"],
        }
        return playbook_of(self.environment.folder, "documents", {"convosphere.platform.convosphere_document": options})

    def plain(self, name: str, statement: str) -> Callable[[], None]:
        """Return a playbook with a statement of plain SQL."""
        task = {"ansible.builtin.command": {"argv": program(self.environment, "psql", "-c", statement, NAME)}}
        return playbook_of(self.environment.folder, f"plain-{name}", task)


def rows(environment: Environment) -> Sequence[Row]:
    """Measure a run that changes nothing; the one that warms up creates the documents."""
    found = Documents(environment)
    found.make()
    unchanged = Contender(f"{COUNT:,} documents, unchanged", found.ours())
    return [Row(unchanged, Contender("psql that lists them", found.plain("list", LIST)), limit=1.3)]
