#!/usr/bin/env bash
# Run the named make targets in order until one fails, then print the seconds each took and the number of tests.
# Targets joined by + run at the same time, and are shown one after the other.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

rm -rf .build/reports
mkdir -p .build/reports
: > .build/reports/seconds

trap 'trap - TERM; kill 0' INT TERM  # what runs in the background does not hear of Ctrl-C

step() { # name
  local started=$EPOCHREALTIME status=0
  make "$1" </dev/null || status=$?
  printf '%s %s %s\n' "$1" "$started" "$EPOCHREALTIME" >> .build/reports/seconds
  if [ "$status" -ne 0 ]; then printf '\n%s failed\n' "$1"; fi
  return "$status"
}

status=0
for together in "$@"; do
  IFS=+ read -ra steps <<< "$together"
  pids=()
  for name in "${steps[@]:1}"; do
    step "$name" > ".build/reports/$name.log" 2>&1 &
    pids+=($!)
  done
  printf '\n== %s\n' "${steps[0]}"
  step "${steps[0]}" &  # a trap waits for the end of what runs in the foreground
  wait "$!" || status=1
  for index in "${!pids[@]}"; do
    wait "${pids[index]}" || status=1
    printf '\n== %s\n' "${steps[index + 1]}"
    cat ".build/reports/${steps[index + 1]}.log"
  done
  if [ "$status" -ne 0 ]; then break; fi
done
python3 scripts/report.py .build/reports
exit "$status"
