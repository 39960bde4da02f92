#!/bin/sh
# nbformat 5.11.1 (Python, on PyPI; its JSON schema of notebook format 4.5).
#
# The schema says that `metadata.jupyter.source_hidden` and `outputs_hidden` of a cell are booleans and that each of the notebook's
# `authors` is an object with a name, and `nbformat.validate` checks none of it: the two flags stand beside `properties` instead of in it,
# and the authors' shape under `item`, which is no keyword of JSON Schema (`items` is). Whoever trusts a validated notebook to have them in
# their type reads whatever was written there. Fields of the same schema that are in their place (`collapsed`) are checked.
#
# Seen on 2026-12-01:
#   a hidden flag that is a word: valid
#   authors that are numbers: valid
#   collapsed that is a word: refused
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check nbformat==5.11.1
"$work/venv/bin/python" - > "$work/seen" <<'PYTHON'
import nbformat

def verdict(cell_metadata, notebook_metadata):
    cell = {"id": "a", "cell_type": "code", "metadata": cell_metadata, "source": "1", "outputs": [], "execution_count": None}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": notebook_metadata, "cells": [cell]}
    try:
        nbformat.validate(notebook)
        return "valid"
    except nbformat.ValidationError:
        return "refused"

print("a hidden flag that is a word:", verdict({"jupyter": {"source_hidden": "certainly", "outputs_hidden": "no"}}, {}))
print("authors that are numbers:", verdict({}, {"authors": [1, 2]}))
print("collapsed that is a word:", verdict({"collapsed": "certainly"}, {}))
PYTHON
cat "$work/seen"
printf '%s\n' 'a hidden flag that is a word: valid' 'authors that are numbers: valid' 'collapsed that is a word: refused' | cmp - "$work/seen"
