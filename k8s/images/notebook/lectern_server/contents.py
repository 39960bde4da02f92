"""Jupyter's contents manager, kept inside its root."""

import json
import os

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat.sign import MemorySignatureStore
from tornado.web import HTTPError

from .handlers import in_thread


class Contents(AsyncLargeFileManager):
    # The log of outputs, from the extension.
    outputs = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.notary.store = MemorySignatureStore()

    async def save(self, model, path=""):
        name = path.strip("/")
        before = await in_thread(self._counts, name) if model.get("type") == "notebook" and self.outputs.knows(name) else {}
        saved = await super().save(model, path)
        for cell in model["content"]["cells"] if before else ():
            if cell.get("id") in before and not cell.get("outputs") and cell.get("execution_count") is None:
                self.outputs.forget(name, cell["id"], before[cell["id"]])
        return saved

    def _counts(self, path) -> dict:
        """The execution counts of the notebook's cells as the file has them, by cell id."""
        try:
            with open(self._get_os_path(path), encoding="utf-8") as file:
                cells = json.load(file)["cells"]
            return {cell["id"]: cell["execution_count"] for cell in cells if cell.get("id") and cell.get("execution_count")}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, HTTPError):
            return {}

    def _get_os_path(self, path):
        """The stock manager compares names only and follows a symbolic link out of the root."""
        os_path = super()._get_os_path(path)
        root = os.path.realpath(self.root_dir)
        real = os.path.realpath(os_path)
        if real != root and not real.startswith(root + os.sep):
            raise HTTPError(404, f"{path} is outside the root")
        return os_path
