"""What the site may ask of the server, below /lectern/."""

import asyncio
import hashlib
import hmac
import json
import os
import posixpath

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from .activity import now_ms
from .archive import BadArchive, PutBack
from .tree import BLOCK, BadPath, parts_of
from .watch import memory_used

QUIET_S = 15


def in_thread(work, *args):
    return asyncio.get_running_loop().run_in_executor(None, work, *args)


class Lectern:
    """What the handlers share."""

    def __init__(self, settings, tree, watch, warm):
        self.settings = settings
        self.tree = tree
        self.watch = watch
        self.warm = warm


class IdentityHandler(web.RequestHandler):
    """Proves which server this is to whoever asks; needs no token, since the asker does not trust the server yet."""

    def initialize(self, lectern):
        self.lectern = lectern

    @allow_unauthenticated
    def get(self):
        nonce = self.get_query_argument("nonce", "")
        if len(nonce) > 200:
            raise web.HTTPError(400)
        settings = self.lectern.settings
        said = f"{nonce}:{settings.id}:{settings.generation}".encode()
        proof = hmac.new(settings.identity_key.encode(), said, hashlib.sha256).hexdigest()
        self.finish({"id": settings.id, "generation": settings.generation, "proof": proof, "kernel": self.lectern.warm.state})


class ReadyHandler(web.RequestHandler):
    """Whether a learner may have this server now, for a node that asks until it is so."""

    def initialize(self, lectern):
        self.lectern = lectern

    @allow_unauthenticated
    def get(self):
        self.set_status(200 if self.lectern.warm.state in ("warm", "taken") else 503)
        self.finish()


class Handler(APIHandler):
    def initialize(self, lectern):
        self.lectern = lectern

    def prepare_authenticated(self):
        if not self.current_user:
            raise web.HTTPError(403)

    async def prepare(self):
        await super().prepare()
        self.prepare_authenticated()


@web.stream_request_body
class PutBackHandler(Handler):
    async def prepare(self):
        await super().prepare()
        self.request.connection.set_max_body_size(1 << 40)
        self.put_back = PutBack(self.lectern.tree, self.settings["contents_manager"].notary)
        self.put_back.start()

    async def data_received(self, chunk):
        await in_thread(self.put_back.arriving.give, chunk)

    @web.authenticated
    async def post(self):
        await in_thread(self.put_back.arriving.finish)
        try:
            self.finish(await in_thread(self.put_back.result))
        except BadArchive as error:
            raise web.HTTPError(400, reason="bad archive") from error

    def on_connection_close(self):
        asyncio.ensure_future(in_thread(self.put_back.arriving.finish))
        super().on_connection_close()


class RemoveHandler(Handler):
    @web.authenticated
    async def post(self):
        for path in self.get_json_body()["paths"]:
            try:
                await in_thread(self.lectern.tree.remove, path)
            except BadPath as error:
                raise web.HTTPError(400, reason="bad path") from error
        self.finish({})


class FilesHandler(Handler):
    @web.authenticated
    async def get(self):
        path = self.get_query_argument("path", None, strip=False)
        if path is None:
            entries, complete = await in_thread(self.lectern.tree.list)
            self.finish(json.dumps({"entries": entries, "complete": complete}))
            return
        found = await in_thread(self.lectern.tree.open_file, path)
        if found is None:
            raise web.HTTPError(404)
        file, size, sha = found
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Length", str(size))
        self.set_header("X-Lectern-Sha256", sha)
        try:
            offset = 0
            while offset < size and (block := await in_thread(os.pread, file, min(BLOCK, size - offset), offset)):
                offset += len(block)
                self.write(block)
                await self.flush()
        except StreamClosedError:
            return
        finally:
            os.close(file)


class OpenHandler(Handler):
    @web.authenticated
    async def post(self):
        path = self.get_json_body()["path"]
        try:
            parts_of(path)
        except BadPath as error:
            raise web.HTTPError(400, reason="bad path") from error
        session = await self.settings["session_manager"].create_session(path=path, name=posixpath.basename(path), type="notebook")
        self.finish({"sessionId": session["id"], "kernelId": session["kernel"]["id"]})


class StatusHandler(Handler):
    @web.authenticated
    def get(self):
        watch, disk = self.lectern.watch, os.statvfs(self.lectern.settings.root)
        terminals = self.settings.get("terminal_manager")
        # What is typed and shown in a terminal; there is no kernel that could tell of it.
        shown = self.settings.get("terminal_last_activity")
        last_busy = max(watch.activity.last_busy_ms, int(shown.timestamp() * 1000) if shown else 0)
        self.finish(
            {
                "nowMs": now_ms(),
                "lastInputMs": watch.activity.last_input_ms,
                "lastBusyMs": now_ms() if watch.working() else last_busy,
                "kernels": watch.states(self.lectern.warm.kernel_id),
                "terminals": len(terminals.terminals) if terminals else 0,
                "diskUsedBytes": (disk.f_blocks - disk.f_bfree) * disk.f_frsize,
                "diskSizeBytes": disk.f_blocks * disk.f_frsize,
                # A container's cgroup is its server's own; one made for a process of a machine may hold more than that.
                **({"memoryUsedBytes": memory_used()} if "port" in self.lectern.settings.listen else {}),
            }
        )


class EventsHandler(Handler):
    """One JSON object a line; an empty line while nothing happens, so that a dead connection is noticed."""

    listener = None

    @web.authenticated
    async def get(self):
        self.set_header("Content-Type", "application/x-ndjson")
        activity = self.lectern.watch.activity
        self.listener = listener = activity.listen()
        try:
            self.write("\n")
            await self.flush()
            while True:
                try:
                    event = await asyncio.wait_for(listener.get(), QUIET_S)
                    if event is None:
                        return
                    self.write(json.dumps(event) + "\n")
                except asyncio.TimeoutError:
                    self.write("\n")
                await self.flush()
        except StreamClosedError:
            return
        finally:
            activity.leave(listener)

    def on_connection_close(self):
        # What happens from now on is for who listens next.
        if self.listener is not None:
            self.lectern.watch.activity.cut_off(self.listener)
        super().on_connection_close()


class OutputsHandler(Handler):
    @web.authenticated
    def get(self):
        path = self.get_query_argument("path", strip=False)
        since = self.get_query_argument("since", "0")
        if not since.isdigit():
            raise web.HTTPError(400)
        self.set_header("Content-Type", "application/json")
        self.finish(self.lectern.watch.log.since(path, int(since)))


HANDLERS = [
    (r"/lectern/identity", IdentityHandler),
    (r"/lectern/ready", ReadyHandler),
    (r"/lectern/put-back", PutBackHandler),
    (r"/lectern/remove", RemoveHandler),
    (r"/lectern/files", FilesHandler),
    (r"/lectern/open", OpenHandler),
    (r"/lectern/status", StatusHandler),
    (r"/lectern/events", EventsHandler),
    (r"/lectern/outputs", OutputsHandler),
]
