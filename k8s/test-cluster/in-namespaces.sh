#!/bin/bash
# in-namespaces.sh CMD... : runs CMD in network, mount and PID namespaces of its own, so that all it starts vanishes with it.
# CMD finds in its environment RUN_DIR, a folder of its own below RUNS_DIR, and CGROUP, a name for cgroups of its own. Both are
# removed in the end, even when this script is killed: cgroups are no namespace's.
set -euo pipefail
mkdir -p "${RUNS_DIR:?a folder on a disk, for the state of clusters while they run}"
RUN_DIR=$(mktemp -d "$RUNS_DIR/XXXXXX")
export RUN_DIR CGROUP=lectern-test-${RUN_DIR##*/}

# Whatever is started below holds descriptor 9. Who gets the lock knows that all of it has ended, one way or the other.
exec 9>"$RUN_DIR/lock"
flock 9
setsid bash -c '
  flock "$RUN_DIR/lock" true
  for try in {1..100}; do
    cgroups=$(find /sys/fs/cgroup -maxdepth 2 -name "$CGROUP")
    [ -z "$cgroups" ] && break
    find $cgroups -depth -type d -exec rmdir {} + || sleep 0.1
  done
  rm -rf "$RUN_DIR"' 9>&- </dev/null >/dev/null 2>&1 &
sweeper=$!

setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc -- "$@" <&0 &
inside=$!
trap 'kill -KILL $inside || true' TERM INT HUP
rc=0
wait $inside || rc=$?
exec 9>&-
wait $sweeper
exit $rc
