#!/bin/sh
# Runs Redis as its own user and as process 1, so that a stop reaches it and it saves its data.
set -eu

case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    chown -R redis:redis /data
    exec setpriv --reuid redis --regid redis --init-groups -- "$0" "$@"
  fi
  # The official image turns protected mode off by default, Debian does not: without this no other container could connect.
  case " $* " in *" --protected-mode "*) ;; *) grep -qs '^[[:space:]]*protected-mode' "${2:-/nonexistent}" || set -- "$@" --protected-mode no ;; esac
fi
exec "$@"
