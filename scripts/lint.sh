#!/usr/bin/env bash
# Run every gate that reads the tree without running it. All of them run, so that one call shows all problems.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

failed=()
gate() { # name, then the command
  local name=$1; shift
  if ! "$@"; then
    failed+=("$name")
    printf '%s: failed\n\n' "$name"
  fi
}

# mypy knows a module by the name it is imported under, so it reads plugins/ through a link of that name.
typed=.build/typing/ansible_collections/convosphere/platform
mkdir -p "$typed"
ln -sfn "$PWD/plugins" "$typed/plugins"
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard -- '*.sh' .ci/run)
mapfile -t plugins < <(git ls-files --cached --others --exclude-standard -- 'plugins/*.py')

gate "ruff check" ruff check --quiet .
gate "ruff format" ruff format --quiet --check .
gate "mypy (tools)" mypy scripts/*.py tests/support
if [ ${#plugins[@]} -gt 0 ]; then
  gate "mypy (plugins)" mypy -p ansible_collections.convosphere.platform.plugins
  # ruff and mypy no longer check against 3.9; vermin knows which syntax and which library needs what.
  gate "vermin" vermin --quiet --no-tips --violations --target=3.9- --eval-annotations --no-parse-comments "${plugins[@]}"
fi
gate "yamllint" yamllint --strict .
gate "ansible-lint" ansible-lint -q
gate "antsibull-changelog" antsibull-changelog lint
gate "shellcheck" shellcheck "${scripts[@]}"

if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed: %s\n' "${failed[*]}"
  exit 1
fi
