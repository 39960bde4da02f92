#!/bin/sh
# The user of notebook servers, and the places where a pod mounts what may be written: the root file system itself is read-only.
set -eu
groupadd --gid 1000 learner
useradd --uid 1000 --gid 1000 --home-dir /home/learner --no-create-home --shell /bin/bash learner
install -d -o 1000 -g 1000 /home/learner /run/lectern
