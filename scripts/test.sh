#!/usr/bin/env bash
# Run the named make targets in order until one fails, then print the seconds each took and the number of tests.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

rm -rf .build/reports
mkdir -p .build/reports
: > .build/reports/seconds
status=0
for step in "$@"; do
  printf '\n== %s\n' "$step"
  started=$EPOCHREALTIME
  make "$step" </dev/null || status=$?
  printf '%s %s %s\n' "$step" "$started" "$EPOCHREALTIME" >> .build/reports/seconds
  if [ "$status" -ne 0 ]; then
    printf '\n%s failed\n' "$step"
    break
  fi
done
python3 scripts/report.py .build/reports
exit "$status"
