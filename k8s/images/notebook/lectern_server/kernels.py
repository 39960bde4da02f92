"""Jupyter's kernel manager, which also tells the watch of every kernel that begins, begins again or ends."""

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager


class Kernels(AsyncMappingKernelManager):
    # Set by the extension once it is loaded, before the first kernel.
    watch = None

    def start_watching_activity(self, kernel_id):
        super().start_watching_activity(kernel_id)
        if self.watch:
            self.watch.begin(kernel_id)

    def stop_watching_activity(self, kernel_id):
        super().stop_watching_activity(kernel_id)
        if self.watch:
            self.watch.end(kernel_id)

    def remove_kernel(self, kernel_id):
        if self.watch:
            self.watch.end(kernel_id)
        return super().remove_kernel(kernel_id)

    def start_buffering(self, kernel_id, session_key, channels):
        """Nobody is connected; a question the kernel asks now is seen all the same, so that it does not look busy for ever."""
        super().start_buffering(kernel_id, session_key, channels)
        stdin = channels.get("stdin")
        if stdin is None or stdin.closed() or not self.watch:
            return
        keep = self._kernel_buffers[kernel_id]["buffer"]

        def asked(frames):
            keep.append(("stdin", frames))
            self.watch.asked(kernel_id)

        stdin.on_recv(asked)
