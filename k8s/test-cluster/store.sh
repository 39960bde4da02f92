#!/bin/bash
# store.sh STORE ARCHIVE... : unpacks OCI archives into a containerd root, from which any number of clusters start (see node.sh).
# Run by in-namespaces.sh.
set -euo pipefail
store=$1; shift
cd "$RUN_DIR"
NO_CRI=1 . "$(dirname "$0")/containerd.sh"
containerd --config containerd.toml > containerd.log 2>&1 &
daemon=$!
until "${ctr[@]}" version >/dev/null 2>&1; do kill -0 $daemon 2>/dev/null || { tail -n 20 containerd.log >&2; exit 1; }; sleep 0.1; done
for archive in "$@"; do "${ctr[@]}" images import "$archive"; done
kill $daemon
wait $daemon || true
mv containerd "$store"
