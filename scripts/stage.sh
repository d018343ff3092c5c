#!/usr/bin/env bash
# Copy what git knows or would add to ansible_collections/convosphere/platform in .build or the folder named, the only
# place ansible-test accepts a collection in. Copying git's list, not the folder, keeps .venv and an operator's own files out of it. Nor is
# collections/ copied: its links lead to what is copied anyway.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

staged=${1:-.build}/ansible_collections/convosphere/platform
# ansible-test keeps its virtual environments in tests/output: they take longer to make than the tests to run.
mkdir -p "$staged/tests/output"
find "$staged" -mindepth 1 -maxdepth 1 ! -name tests -exec rm -rf {} +
find "$staged/tests" -mindepth 1 -maxdepth 1 ! -name output -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard -- ':!collections' \
  | while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done \
  | tar --null --files-from=- --create | tar --extract --directory "$staged"
# ansible-test asks git for the files; without a repository of its own it would find ours, which ignores .build.
git init --quiet "$staged"
echo "$staged"
