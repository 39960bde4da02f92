#!/bin/sh
# The Python environment, where the sandboxes of one machine have it too. pip follows its own environment variables.
set -eu
here=$(dirname "$0")
python=/opt/lectern/python
python3 -m venv $python
$python/bin/pip install --disable-pip-version-check --no-input --progress-bar off --prefer-binary --require-hashes -r "$here/requirements.lock"
# Matplotlib's list of fonts, which it would make for seconds at the first plot of each server.
mkdir -p $python/share/lectern/matplotlib
MPLCONFIGDIR=$python/share/lectern/matplotlib $python/bin/python -c 'import matplotlib.font_manager'
