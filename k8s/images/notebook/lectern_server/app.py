"""The Jupyter Server itself, configured in code: no configuration file is read, so none can change it."""

import os
import shutil
import socket
import sys

from jupyter_server.serverapp import ServerApp
from traitlets.config import Config

from .contents import Contents
from .kernels import Kernels
from .lab import write_settings
from .sessions import Sessions
from .settings import Settings
from .websocket import Connection


class Server(ServerApp):
    """A ServerApp that can listen on a socket it was handed."""

    lectern: Settings

    def _find_http_port(self):
        if "fd" not in self.lectern.listen:
            super()._find_http_port()

    def _bind_http_server(self):
        if "fd" not in self.lectern.listen:
            super()._bind_http_server()
            return
        listening = socket.socket(fileno=self.lectern.listen["fd"])
        listening.setblocking(False)
        self.http_server.add_socket(listening)

    no_browser_open_file = True

    def write_server_info_file(self):
        """Would hold the token."""


def configure(settings: Settings) -> Config:
    c = Config()
    server = c.ServerApp
    server.jpserver_extensions = {"jupyterlab": True, "jupyter_server_terminals": True, "lectern_server": True}
    server.root_dir = settings.root
    server.base_url = "/"
    server.default_url = "/lab"
    server.ip = settings.listen.get("host", "localhost")
    server.port = settings.listen.get("port", 8888)
    server.port_retries = 0
    server.open_browser = False
    # The gateway in front is the only one who holds the token, and it checks hosts and origins.
    server.allow_remote_access = True
    server.allow_root = True
    server.quit_button = False
    server.log_level = "WARN"
    server.contents_manager_class = Contents
    server.kernel_manager_class = Kernels
    server.session_manager_class = Sessions
    server.kernel_websocket_connection_class = Connection
    server.max_body_size = 1 << 30
    c.IdentityProvider.token = settings.token
    c.FileContentsManager.delete_to_trash = False
    c.FileContentsManager.always_delete_dir = True
    c.ContentsManager.allow_hidden = False
    # Unix sockets in the private folder: nothing of a kernel is on a port.
    c.KernelManager.transport = "ipc"
    # Stock limits drop the outputs of a loop that prints, and of a large figure.
    c.ZMQChannelsWebsocketConnection.iopub_msg_rate_limit = 10_000
    c.ZMQChannelsWebsocketConnection.iopub_data_rate_limit = 50_000_000
    c.NotebookNotary.secret = os.urandom(32)
    c.LabApp.app_settings_dir = lab_settings(settings)
    c.LabApp.news_url = None
    c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
    c.LabApp.extension_manager = "readonly"
    return c


def lab_settings(settings: Settings) -> str:
    return f"{settings.run}/lab"


def prepare_folders(settings: Settings) -> None:
    run, root = settings.run, settings.root
    places = {
        "JUPYTER_RUNTIME_DIR": f"{run}/r",
        "JUPYTER_DATA_DIR": f"{run}/data",
        "JUPYTER_CONFIG_DIR": f"{run}/config",
        "IPYTHONDIR": f"{run}/ipython",
        "MPLCONFIGDIR": f"{run}/matplotlib",
        "XDG_CACHE_HOME": f"{run}/cache",
        # A person's own settings and layouts are files of the workspace like any other.
        "JUPYTERLAB_SETTINGS_DIR": f"{root}/.jupyter/lab/user-settings",
        "JUPYTERLAB_WORKSPACES_DIR": f"{root}/.jupyter/lab/workspaces",
    }
    os.environ.update(places, JUPYTER_NO_CONFIG="1", JUPYTER_PREFER_ENV_PATH="1", PYTHONDONTWRITEBYTECODE="1")
    for name, place in places.items():
        if not name.startswith("JUPYTERLAB_"):
            os.makedirs(place, mode=0o700, exist_ok=True)
    write_settings(lab_settings(settings))
    write_profile(os.path.join(places["IPYTHONDIR"], "profile_default"))
    # Matplotlib's list of fonts, made with the environment: its first plot would take seconds to make it.
    fonts = os.path.join(sys.prefix, "share/lectern/matplotlib")
    if os.path.isdir(fonts):
        shutil.copytree(fonts, places["MPLCONFIGDIR"], dirs_exist_ok=True)


# Jedi takes a second for its first answer and 35 MB for good; IPython's own completer takes 20 ms and knows the cell's names, too.
# A history that ends with the server need not be written to its disk at each execution.
PROFILE = """
c.Completer.use_jedi = False
c.HistoryManager.hist_file = ":memory:"
c.IPKernelApp.outstream_class = "lectern_server.outstream.OutStream"
"""


def write_profile(place: str) -> None:
    """How kernels of this server are set."""
    os.makedirs(place, mode=0o700, exist_ok=True)
    with open(os.path.join(place, "ipython_config.py"), "w") as profile:
        profile.write(PROFILE)


def run(settings: Settings) -> None:
    prepare_folders(settings)
    os.chdir(settings.root)
    server = Server(config=configure(settings))
    server.lectern = settings
    server.initialize(argv=[], find_extensions=False)
    log_inside(settings)
    server.start()


def log_inside(settings: Settings) -> None:
    """
    From here on code of a learner may run, and what it writes to the inherited standard error must not fill a disk outside:
    the log goes on in the server's own folder, which has a size.
    """
    log = os.open(f"{settings.run}/server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
