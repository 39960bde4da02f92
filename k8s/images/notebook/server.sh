#!/bin/sh
# The server extension, compiled: nobody can write beside it later.
set -eu
here=$(dirname "$0")
packages=$(echo /opt/lectern/python/lib/python3*/site-packages)
cp -r "$here/lectern_server" "$packages/"
/opt/lectern/python/bin/python -m compileall -q "$packages/lectern_server"
