"""Jupyter's contents manager, kept inside its root."""

import os

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbformat.sign import MemorySignatureStore
from tornado.web import HTTPError


class Contents(AsyncLargeFileManager):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.notary.store = MemorySignatureStore()

    def _get_os_path(self, path):
        """The stock manager compares names only and follows a symbolic link out of the root."""
        os_path = super()._get_os_path(path)
        root = os.path.realpath(self.root_dir)
        real = os.path.realpath(os_path)
        if real != root and not real.startswith(root + os.sep):
            raise HTTPError(404, f"{path} is outside the root")
        return os_path
