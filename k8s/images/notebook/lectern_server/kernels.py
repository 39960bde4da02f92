"""Jupyter's kernel managers: of one kernel, and of all, which also tells the watch of every one that begins, begins again or ends."""

from collections import deque
from functools import partial

from jupyter_server._tz import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, ServerKernelManager
from traitlets import default

# The last of what a kernel says to nobody, for the page that comes back; the log of outputs has the rest.
BUFFERED_BYTES = 5_000_000


class KernelProcess(ServerKernelManager):
    async def _async_post_start_kernel(self, **kw):
        """At every start of its process: a restart and a death make a new one."""
        await super()._async_post_start_kernel(**kw)
        prefer_when_out_of_memory(self.provisioner.pid)


def prefer_when_out_of_memory(pid) -> None:
    """Lets the system kill this process rather than the server: the person keeps files and page, and is told."""
    try:
        with open(f"/proc/{pid}/oom_score_adj", "r+") as adjust:
            # In a pod both begin near the most, and nobody without rights may lower it.
            wanted = min(1000, max(500, int(adjust.read()) + 100))
            adjust.seek(0)
            adjust.write(str(wanted))
    except OSError:
        pass


class Kernels(AsyncMappingKernelManager):
    # Set by the extension once it is loaded, before the first kernel.
    watch = None

    @default("kernel_manager_class")
    def _kernel_process(self):
        return f"{KernelProcess.__module__}.{KernelProcess.__name__}"

    def start_watching_activity(self, kernel_id):
        """
        The watch listens for both: a listener of stock's own would parse every message once more, which was 2 of the 5 ms an
        execution takes this server.
        """
        kernel = self.get_kernel(kernel_id)
        kernel.reason = ""
        kernel.last_activity = utcnow()
        self.watch.begin(kernel_id)

    def note_activity(self, kernel, kind, parent_kind, state):
        """Notes of a message what stock's listener does: `kind` and that of the request it answers, and the `state` where it is a status."""
        tracked = self.track_message_type(parent_kind)
        if tracked or self.track_message_type(kind) or kernel.execution_state == "busy":
            self.last_kernel_activity = kernel.last_activity = utcnow()
        if state and tracked:
            kernel.execution_state = state
        elif state and kernel.execution_state == "starting" and state != "starting":
            kernel.execution_state = "idle"

    async def restart_kernel(self, kernel_id, now=False):
        """A kernel that is made to begin again may not have come to say that its execution is over."""
        restarted = await super().restart_kernel(kernel_id, now=now)
        self.watch.restarted(kernel_id)
        return restarted

    def stop_watching_activity(self, kernel_id):
        super().stop_watching_activity(kernel_id)
        self.watch.end(kernel_id)

    def remove_kernel(self, kernel_id):
        self.watch.end(kernel_id)
        return super().remove_kernel(kernel_id)

    def start_buffering(self, kernel_id, session_key, channels):
        """
        Nobody is connected. Stock keeps all that comes for whoever was; of a cell that prints on and on that filled the server's
        memory. A question the kernel asks now is seen all the same, so that it does not look busy for ever.
        """
        super().start_buffering(kernel_id, session_key, channels)
        kept = self._kernel_buffers[kernel_id]["buffer"] = deque()
        size = 0

        def keep(channel, frames):
            nonlocal size
            if channel == "stdin":
                self.watch.asked(kernel_id)
            kept.append((channel, frames))
            size += sum(map(len, frames))
            while size > BUFFERED_BYTES:
                size -= sum(map(len, kept.popleft()[1]))

        for channel, stream in channels.items():
            if not stream.closed():
                stream.on_recv(partial(keep, channel))
