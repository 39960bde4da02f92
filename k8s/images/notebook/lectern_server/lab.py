"""How JupyterLab is set up: defaults under what a person chooses, and parts that are not there."""

import json
import os

DEFAULTS = {
    # With an unset answer JupyterLab asks about news even where none can be fetched.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # Light or dark as the lesson around it, until somebody chooses.
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    # Seconds. A tab that is closed loses no more than these.
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 5},
}

# There are no language servers, and asking for their status is an error in the console of every start.
DISABLED = ["@jupyterlab/lsp-extension", "@jupyterlab/notebook-extension:language-server", "@jupyterlab/fileeditor-extension:language-server"]


def write_settings(folder: str) -> None:
    """Fills the folder JupyterLab reads as its `app_settings_dir`; that one is read without any configuration path."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    write(folder, "overrides", DEFAULTS)
    write(folder, "page_config", {"disabledExtensions": dict.fromkeys(DISABLED, True)})


def write(folder: str, name: str, content: dict) -> None:
    with open(os.path.join(folder, f"{name}.json"), "w") as file:
        json.dump(content, file)
