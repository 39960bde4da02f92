"""The warm kernel: started before anyone asks, moved into the folder of the notebook that gets it."""

import asyncio
import json
import os
import time

from .archive import rehearse

# Before each try to make the next kernel: a full disk, or memory that another kernel has, may be free again.
PAUSES_S = (0, 5, 30, 120)


class Warm:
    def __init__(self, kernels, sessions, notary, watch, log):
        self.kernels = kernels
        self.sessions = sessions
        self.notary = notary
        self.watch = watch
        self.log = log
        self.kernel_id = None
        self.client = None
        self.state = "starting"

    async def begin(self) -> None:
        """Does beforehand, while nobody waits, what is slow the first time."""
        await asyncio.gather(self.rehearse(), self.prepare())

    async def rehearse(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, rehearse, self.notary)
            await self.sessions.list_sessions()
        except Exception:
            self.log.exception("The first notebook will take longer")

    async def prepare(self) -> None:
        """Starts a kernel and waits until it has answered its first request."""
        self.state = "starting"
        kernel_id = None
        try:
            kernel_id = await self.kernels.start_kernel()
            client = self.kernels.get_kernel(kernel_id).client()
            client.start_channels()
            await client.wait_for_ready(timeout=120)
            # What a kernel puts out first takes it 6 ms longer than what it puts out next.
            await self.run(client, "print()")
        except Exception:
            self.log.exception("The warm kernel did not start")
            self.state = "failed"
            if kernel_id in self.kernels:
                await self.kernels.shutdown_kernel(kernel_id, now=True)
            return
        self.kernel_id, self.client, self.state = kernel_id, client, "warm"

    async def adopt(self, path, kernel_name):
        """The warm kernel's id, now working in the folder of `path`; none when there is no such kernel to give."""
        kernel_id, client = self.kernel_id, self.client
        if kernel_id is None:
            return None
        if kernel_id not in self.kernels:
            # It died again and again, and Jupyter gave it up.
            self.kernel_id = self.client = None
            client.stop_channels()
            self.replace_later()
            return None
        if kernel_name and kernel_name != self.kernels.get_kernel(kernel_id).kernel_name:
            return None
        self.kernel_id = self.client = None
        self.state = "taken"
        folder = self.kernels.cwd_for_path(os.path.dirname(path))
        session_name = os.path.join(self.kernels.root_dir, path)
        try:
            await self.run(client, f"exec({MOVE!r}, {json.dumps({'folder': folder, 'session': session_name})})")
        except Exception:
            self.log.exception("The warm kernel could not be moved")
            await self.kernels.shutdown_kernel(kernel_id, now=True)
            return None
        finally:
            client.stop_channels()
            self.replace_later()
        # A restart begins where the notebook is, too.
        arguments = self.kernels.get_kernel(kernel_id)._launch_args
        arguments["cwd"] = folder
        arguments["env"] = {**arguments.get("env", os.environ), "JPY_SESSION_NAME": session_name}
        return kernel_id

    def replace_later(self) -> None:
        # Whoever keeps no task may lose it.
        self._replacing = asyncio.ensure_future(self.replace())

    async def replace(self) -> None:
        """Readies the next kernel once the person's own cells leave room for it: a second notebook opens as fast as the first."""
        deadline = time.monotonic() + 30
        await asyncio.sleep(2)
        while time.monotonic() < deadline and self.watch.busy():
            await asyncio.sleep(0.5)
        try:
            await self.sessions.let_go_unused()
        except Exception:
            self.log.exception("Kernels that nobody used are still there")
        for pause_s in PAUSES_S:
            await asyncio.sleep(pause_s)
            await self.prepare()
            if self.kernel_id is not None:
                return

    async def run(self, client, code) -> None:
        asked = client.execute(code, silent=True, store_history=False)
        self.watch.disregard(asked)

        async def answer():
            while True:
                reply = await client.get_shell_msg(timeout=20)
                if reply["parent_header"].get("msg_id") == asked:
                    return reply

        reply = await asyncio.wait_for(answer(), 20)
        if reply["content"]["status"] != "ok":
            raise RuntimeError(reply["content"].get("evalue"))


MOVE = """
import os
os.chdir(folder)
os.environ["JPY_SESSION_NAME"] = session
get_ipython().user_ns["_dh"] = [folder]
"""
