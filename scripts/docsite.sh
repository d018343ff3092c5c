#!/usr/bin/env bash
# Check the documentation and build the site to .build/docsite/html, without network access; a warning is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

site=$PWD/.build/docsite
staged=$(scripts/stage.sh)
rm -rf "$site"
mkdir -p "$site/rst"
export ANSIBLE_COLLECTIONS_PATH=$PWD/.build

(cd "$staged" && antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self --check-extra-docs-refs .)
antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$site/rst" convosphere.platform
cp docs/docsite/ansible.rst "$site/rst/"
# Sphinx's settings are these: a configuration file would be Python that nothing else of the project reads.
sphinx-build --quiet --fail-on-warning --keep-going --jobs 2 --builder html --isolated \
  --define extensions=sphinx_antsibull_ext --define html_theme=sphinx_rtd_theme --define html_show_sphinx=0 \
  --define project="ConvoSphere Platform collection" --define copyright="ConvoSphere Platform contributors" \
  "$site/rst" "$site/html"
echo "Built $site/html/index.html"
