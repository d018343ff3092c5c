#!/bin/sh
# The first process of a test host: lets an engine inside manage its control groups, then serves SSH.
set -eu
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -d "$hierarchy" ] && mountpoint --quiet "$hierarchy"; then
        mount -o remount,rw,bind "$hierarchy"
    fi
done
ssh-keygen -A
mkdir -p /root/.ssh /run/sshd
chmod 0700 /root/.ssh
exec /usr/sbin/sshd -D -e
