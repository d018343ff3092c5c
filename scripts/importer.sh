#!/usr/bin/env bash
# Build the artifact from a copy of the tree and read it as Galaxy would; a warning fails like an error. Then write the build
# context of the execution environment.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

staged=$(scripts/stage.sh .build/importer)
mkdir -p .build/artifact .build/tmp
rm -f .build/artifact/*.tar.gz
ansible-galaxy collection build --force --output-path .build/artifact "$staged" >/dev/null
artifact=$(echo .build/artifact/*.tar.gz)
tar --list --file "$artifact" > .build/artifact/contents
printf '%s: %s files, %s KiB\n' "${artifact##*/}" "$(wc -l < .build/artifact/contents)" "$(($(stat -c %s "$artifact") / 1024))"

log=.build/artifact/importer.log
export GALAXY_IMPORTER_CONFIG=$PWD/tests/galaxy-importer.cfg
# Its result file goes to the current folder.
(cd .build/artifact && python -m galaxy_importer.main "${artifact##*/}") 2>&1 | tee "$PWD/$log"
if grep -E '^(WARNING|ERROR|CRITICAL)' "$log" >/dev/null; then
  echo "galaxy-importer reported warnings or errors; see above" >&2
  exit 1
fi

# The definition of the execution environment takes the artifact; its build needs an engine and ten times as long.
rm -rf .build/execution-environment
ansible-builder create --context .build/execution-environment --output-filename Containerfile >/dev/null
grep -q '^COPY --from=galaxy /usr/share/ansible ' .build/execution-environment/Containerfile
