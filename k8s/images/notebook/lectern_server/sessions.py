"""One session and one kernel for each notebook path, whoever asks and however many at once."""

import asyncio

from jupyter_server.services.sessions.sessionmanager import SessionManager


class Sessions(SessionManager):
    # Set by the extension once it is loaded.
    warm = None
    watch = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._one_at_a_time = asyncio.Lock()

    async def create_session(self, path=None, name=None, type=None, kernel_name=None, kernel_id=None):
        if type != "notebook" or not path:
            return await super().create_session(path=path, name=name, type=type, kernel_name=kernel_name, kernel_id=kernel_id)
        # The stock manager looks first and creates later: three requests at once made three kernels.
        async with self._one_at_a_time:
            if await self.session_exists(path=path):
                return self.noted(await self.get_session(path=path))
            if kernel_id is None and self.warm:
                kernel_id = await self.warm.adopt(path, kernel_name)
            session = await super().create_session(path=path, name=name, type=type, kernel_name=kernel_name, kernel_id=kernel_id)
            return self.noted(session)

    async def let_go_unused(self):
        """
        Notebooks that were opened, looked at and left keep no kernel: each takes 60 MB, and a visit of a dozen lessons
        filled the server's memory with them. Whoever comes back gets another, and misses nothing.
        """
        async with self._one_at_a_time:
            for session in await self.list_sessions():
                kernel = session["kernel"]
                if session["type"] == "notebook" and kernel and kernel["connections"] == 0 and self.watch.is_unused(kernel["id"]):
                    # A session goes with its kernel.
                    await self.kernel_manager.shutdown_kernel(kernel["id"], now=True)

    async def update_session(self, session_id, **kwargs):
        await super().update_session(session_id, **kwargs)
        self.noted(await self.get_session(session_id=session_id))

    def noted(self, session):
        if self.watch and session.get("kernel") and session.get("type") == "notebook":
            self.watch.name(session["kernel"]["id"], session["path"])
        return session
