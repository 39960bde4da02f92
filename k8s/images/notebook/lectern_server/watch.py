"""Listens to every kernel by itself, so that what it knows does not depend on any client being connected."""

import asyncio
import json
import time

from .activity import Activity
from .outputs import OutputLog


# Of cgroup v2 and v1, where the server sees its own.
MEMORY_EVENTS = ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control")


def memory_kills() -> int:
    """How often the system killed something of this server for want of memory; 0 where it does not say."""
    for path in MEMORY_EVENTS:
        try:
            with open(path) as events:
                return next((int(line.split()[1]) for line in events if line.startswith("oom_kill ")), 0)
        except OSError:
            pass
    return 0


# How much is used, and of that what the system gives back as soon as somebody needs it.
MEMORY_USED = (
    ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
    ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "/sys/fs/cgroup/memory/memory.stat", "total_inactive_file"),
)


def memory_used() -> int | None:
    """By all of the cgroup this server sees; None where it sees none."""
    for used, stat, idle in MEMORY_USED:
        try:
            with open(used) as amount, open(stat) as parts:
                return int(amount.read()) - next((int(line.split()[1]) for line in parts if line.startswith(f"{idle} ")), 0)
        except OSError:
            pass
    return None


# An execution is told of when it lasts this long: most are over sooner, and whoever hears of one works just when its output is due.
LASTING_S = 0.5
# Ends are told of this much later, those that come meanwhile together: the page is just showing the output.
TOLD_S = 0.05
# Longer than a page takes from its session to its connection, or to come back from a reload.
COMING_S = 10


class Kernel:
    def __init__(self, stream):
        self.stream = stream
        self.state = "starting"
        self.waiting_for_input = False
        # When it became a notebook's, and whether anything was ever executed for it.
        self.named_at = None
        self.used = False
        # The timer that will tell of the execution under way.
        self.lasting = None
        # And the one that will tell of its end.
        self.ended = None

    def settle(self):
        """Nothing of it is under way any more."""
        self.waiting_for_input = False
        if self.lasting:
            self.lasting.cancel()


class Watch:
    def __init__(self, kernels):
        self._kernels = kernels
        self._known = {}
        self._paths = {}
        self._own = set()
        self._memory_kills = memory_kills()
        self.activity = Activity()
        self.log = OutputLog()

    def name(self, kernel_id, path) -> None:
        """This kernel runs that notebook from now on."""
        self._paths[kernel_id] = path
        self.log.rename(kernel_id, path)
        if kernel_id in self._known:
            self._known[kernel_id].named_at = time.monotonic()

    def is_unused(self, kernel_id) -> bool:
        """Whether it was given to a notebook a while ago, in which nothing was executed."""
        kernel = self._known.get(kernel_id)
        return kernel is not None and not kernel.used and kernel.named_at is not None and time.monotonic() - kernel.named_at > COMING_S

    def disregard(self, message_id) -> None:
        """This execution is the server's own: no output of anybody's notebook, and nothing to tell."""
        self._own.add(message_id)

    def busy(self) -> bool:
        return any(kernel.state == "busy" for kernel in self._known.values())

    def working(self) -> bool:
        """Whether some kernel executes; one that waits for an answer does not."""
        return any(kernel.state == "busy" and not kernel.waiting_for_input for kernel in self._known.values())

    def begin(self, kernel_id) -> None:
        if kernel_id in self._known:
            return
        manager = self._kernels.get_kernel(kernel_id)
        kernel = Kernel(manager.connect_iopub())
        self._known[kernel_id] = kernel
        session = manager.session

        def on_frames(frames):
            _, parts = session.feed_identities(frames)
            # signature, header, parent, metadata, content
            kind, parent, content = json.loads(bytes(parts[1])).get("msg_type"), json.loads(bytes(parts[2])), bytes(parts[4])
            state = json.loads(content).get("execution_state") if kind == "status" else None
            self._kernels.note_activity(manager, kind, parent.get("msg_type"), state)
            self._message(kernel_id, kernel, kind, state, parent, content, bytes(parts[3]))

        kernel.stream.on_recv(on_frames)
        self._kernels.add_restart_callback(kernel_id, lambda: self._died(kernel_id), "restart")
        self._kernels.add_restart_callback(kernel_id, lambda: self._died(kernel_id), "dead")

    def end(self, kernel_id) -> None:
        kernel = self._known.pop(kernel_id, None)
        if kernel:
            kernel.settle()
            if not kernel.stream.closed():
                kernel.stream.close()
        self.log.abandon(kernel_id)

    def asked(self, kernel_id) -> None:
        if kernel_id in self._known:
            self._known[kernel_id].waiting_for_input = True

    def answered(self, kernel_id) -> None:
        if kernel_id in self._known:
            self._known[kernel_id].waiting_for_input = False

    def states(self, warm_id) -> list:
        """Every kernel a person has; the warm one is nobody's yet."""
        return [
            {"kernelId": kernel_id, "path": self._paths.get(kernel_id), "state": kernel.state, "waitingForInput": kernel.waiting_for_input}
            for kernel_id, kernel in self._known.items()
            if kernel_id != warm_id
        ]

    def _message(self, kernel_id, kernel, kind, state, parent, content, metadata) -> None:
        executing = parent.get("msg_type") == "execute_request" and parent.get("msg_id") not in self._own
        path = self._paths.get(kernel_id)
        kernel.used |= executing
        if executing and path is not None:
            self.log.add(path, kernel_id, parent.get("msg_id"), kind, content, metadata)
        if kernel.state == "busy":
            self.activity.busy()
        if executing and state == "busy":
            kernel.state = "busy"
            if path is not None:
                self.activity.busy()
                kernel.lasting = asyncio.get_running_loop().call_later(LASTING_S, self.activity.tell, {"kind": "busy", "kernelId": kernel_id})
        elif executing and state == "idle":
            kernel.state = "idle"
            kernel.settle()
            if path is not None:
                self._tell_end(kernel_id, kernel)
        elif kernel.state == "starting" and state in ("idle", "busy"):
            kernel.state = "idle"

    def restarted(self, kernel_id) -> None:
        """Somebody had it begin again. It may not have come to say that its execution is over."""
        if self._over(kernel_id, "died"):
            self._tell_end(kernel_id, self._known[kernel_id])

    def _tell_end(self, kernel_id, kernel) -> None:
        def tell():
            kernel.ended = None
            self.activity.tell({"kind": "executed", "kernelId": kernel_id, "path": self._paths.get(kernel_id)})

        kernel.ended = kernel.ended or asyncio.get_running_loop().call_later(TOLD_S, tell)

    def _died(self, kernel_id) -> None:
        kills, self._memory_kills = self._memory_kills, memory_kills()
        self._over(kernel_id, "died" if self._memory_kills == kills else "out-of-memory")
        self.activity.tell({"kind": "kernel-died", "kernelId": kernel_id, "path": self._paths.get(kernel_id)})

    def _over(self, kernel_id, state) -> bool:
        """What it was executing will never finish, and `state` says why. True when it was executing for somebody."""
        self.log.abandon(kernel_id, self._paths.get(kernel_id), state)
        kernel = self._known.get(kernel_id)
        if not kernel:
            return False
        was_busy = kernel.state == "busy"
        kernel.state = "starting"
        kernel.settle()
        # Jupyter opens the connection to a busy kernel unseen: its first messages, such as that it is ready, could be missed.
        manager = self._kernels.get_kernel(kernel_id)
        if manager.execution_state == "busy":
            manager.execution_state = "starting"
        return was_busy and kernel_id in self._paths
