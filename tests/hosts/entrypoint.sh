#!/bin/sh
# The first process of a test host: lets an engine inside manage its control groups and its networks, then serves SSH.
set -eu
for mount in /proc/sys /sys /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -d "$mount" ] && mountpoint --quiet "$mount"; then
        mount -o remount,rw,bind "$mount"
    fi
done
ssh-keygen -A
mkdir -p /root/.ssh /run/sshd
chmod 0700 /root/.ssh
exec /usr/sbin/sshd -D -e
