#!/bin/bash
# layer.sh OUT.tar CONTEXT SCRIPT [LOWER.tar...] : what CONTEXT/SCRIPT adds below /opt to the root file system of the layers LOWER, as
# one more layer. It sees CONTEXT as /build, and WHEELS, if given, as what pip may install. Mounts are those of in-namespaces.sh.
set -euo pipefail
out=$1 context=$2 script=$3; shift 3
cd "$RUN_DIR"
mkdir lower upper work root
for layer in "$@"; do tar -C lower -xf "$layer"; done
mount -t overlay overlay -o "lowerdir=$RUN_DIR/lower,upperdir=$RUN_DIR/upper,workdir=$RUN_DIR/work" root
mkdir root/build root/wheels
mount --bind "$context" root/build
[ -z "${WHEELS:-}" ] || mount --bind "$WHEELS" root/wheels
mount --rbind /proc root/proc
mount --rbind /dev root/dev
mount -t tmpfs tmpfs root/tmp
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_NO_CACHE_DIR=1 chroot root "/build/$script"
tar -C upper --numeric-owner --sort=name -cf "$out" opt
