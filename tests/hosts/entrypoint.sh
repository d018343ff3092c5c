#!/bin/sh
# The first process of a test host: lets an engine inside manage its control groups and its networks, starts it if there
# is one, and serves SSH.
set -eu
for mount in /proc/sys /sys /sys/fs/cgroup /sys/fs/cgroup/*; do
    if [ -d "$mount" ] && mountpoint --quiet "$mount"; then
        mount -o remount,rw,bind "$mount"
    fi
done
ssh-keygen -A
mkdir -p /root/.ssh /run/sshd
chmod 0700 /root/.ssh
# A host that was killed comes back with what its engine wrote there.
rm -rf /run/docker.pid /run/docker /run/containerd /run/docker.sock
if command -v dockerd >/dev/null; then
    dockerd >/var/log/dockerd.log 2>&1 &
fi
exec /usr/sbin/sshd -D -e
