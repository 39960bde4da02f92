"""Puts the parts together in a Jupyter Server that `app.py` has configured."""

from tornado.ioloop import IOLoop

from .handlers import HANDLERS, Lectern
from .tree import Tree
from .warm import Warm
from .watch import Watch


def load(serverapp) -> None:
    kernels, sessions = serverapp.kernel_manager, serverapp.session_manager
    watch = Watch(kernels)
    warm = Warm(kernels, sessions, serverapp.contents_manager.notary, watch, serverapp.log)
    kernels.watch = sessions.watch = watch
    serverapp.contents_manager.outputs = watch.log
    sessions.warm = warm
    lectern = Lectern(serverapp.lectern, Tree(serverapp.lectern.root), watch, warm)
    serverapp.web_app.add_handlers(".*$", [(route, handler, {"lectern": lectern}) for route, handler in HANDLERS])
    # JupyterLab has been loaded before. It would write the token into its page, and from there into the address of each websocket.
    serverapp.web_app.settings.setdefault("page_config_data", {}).update(token="", buildCheck=False, buildAvailable=False)
    IOLoop.current().add_callback(warm.begin)
