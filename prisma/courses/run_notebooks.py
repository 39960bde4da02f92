"""Runs notebooks for real, each in its own folder and with a kernel of its own.

    python run_notebooks.py python-basics            fails at the first unexpected error
    python run_notebooks.py --write python-basics    and keeps the outputs

A cell that asks with input() gets its answers from its metadata: {"answers": ["Ada"]}. A cell tagged `raises-exception`
must raise one. Prints a line of JSON for each notebook.
"""

import asyncio
import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


class AnsweringClient(NotebookClient):
    """A client with a person at the keyboard: nbclient itself refuses every question."""

    answers: list[str] = []

    async def async_execute_cell(self, cell, cell_index, **kwargs):
        self.answers = list(cell.metadata.get("answers", []))
        return await super().async_execute_cell(cell, cell_index, **kwargs)

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        client.allow_stdin = True
        self.keyboard = asyncio.ensure_future(self.answer(client))
        return client

    async def answer(self, client):
        while True:
            question = await client.get_stdin_msg()
            if question["msg_type"] == "input_request":
                client.input(self.answers.pop(0) if self.answers else "")


def run(path: Path, write: bool) -> dict:
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = AnsweringClient(notebook, timeout=120, startup_timeout=120, record_timing=False, resources={"metadata": {"path": str(path.parent)}})
    client.execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        raised = any(output.output_type == "error" for output in cell.outputs)
        if "raises-exception" in cell.metadata.get("tags", []) and not raised:
            raise SystemExit(f"{path}: cell {cell.id} is tagged raises-exception and raised none")
    if write:
        notebook.metadata.pop("language_info", None)
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)
    mimes = sorted({mime for cell in cells for output in cell.outputs for mime in output.get("data", {})})
    return {"notebook": path.name, "cells": len(cells), "outputs": sum(len(cell.outputs) for cell in cells), "mimes": mimes}


def main(arguments: list[str]) -> None:
    write = "--write" in arguments
    for folder in [argument for argument in arguments if argument != "--write"]:
        for path in sorted(Path(folder).resolve().rglob("*.ipynb")):
            print(json.dumps(run(path, write)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
