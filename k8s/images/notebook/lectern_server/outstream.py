"""Standard output and error of this server's kernels."""

import zmq
from ipykernel.iostream import OutStream as Stock


def wait_when_full(socket) -> None:
    """
    A kernel that says more than its server has read waits for it. The stock socket drops what its thousand places do not hold
    (libzmq's ZMQ_XPUB), silently: lines in the middle, and the end of the cell, which then looks busy for ever.
    """
    if socket.type == zmq.XPUB:
        socket.setsockopt(zmq.XPUB_NODROP, 1)


class OutStream(Stock):
    """
    Flushes only what there is. ipykernel flushes both streams twice at each execution, and the stock one hands each flush
    over to its thread and waits for it, empty or not: for three of the four there is nothing, which took `print(1)` 2 of its
    10 ms. What is on its way to the thread is still waited for: no question and no reply overtakes an output.
    """

    def __init__(self, session, pub_thread, name, *args, **kwargs):
        super().__init__(session, pub_thread, name, *args, **kwargs)
        # In the thread that alone may touch the socket.
        pub_thread.schedule(lambda: wait_when_full(pub_thread.socket))

    def _flush(self):
        # What the stream's own timer has taken out and not yet handed over is on its way, too.
        with self._buffer_lock:
            super()._flush()

    def flush(self):
        with self._buffer_lock:
            is_idle = not self._buffers and not self.pub_thread._events
        if not is_idle:
            super().flush()
