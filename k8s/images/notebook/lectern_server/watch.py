"""Listens to every kernel by itself, so that what it knows does not depend on any client being connected."""

import json

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


class Kernel:
    def __init__(self, stream):
        self.stream = stream
        self.state = "starting"
        self.waiting_for_input = False


class Watch:
    def __init__(self, kernels):
        self._kernels = kernels
        self._known = {}
        self._paths = {}
        self._memory_kills = memory_kills()
        self.activity = Activity()
        self.log = OutputLog()

    def name(self, kernel_id, path) -> None:
        """This kernel runs that notebook from now on."""
        self._paths[kernel_id] = path
        self.log.rename(kernel_id, path)

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
            header, parent = json.loads(bytes(parts[1])), json.loads(bytes(parts[2]))
            self._message(kernel_id, kernel, header.get("msg_type"), parent, bytes(parts[4]), bytes(parts[3]))

        kernel.stream.on_recv(on_frames)
        self._kernels.add_restart_callback(kernel_id, lambda: self._died(kernel_id), "restart")
        self._kernels.add_restart_callback(kernel_id, lambda: self._died(kernel_id), "dead")
        self._prefer_when_out_of_memory(manager)

    def end(self, kernel_id) -> None:
        kernel = self._known.pop(kernel_id, None)
        if kernel and not kernel.stream.closed():
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

    def _message(self, kernel_id, kernel, kind, parent, content, metadata) -> None:
        executing = parent.get("msg_type") == "execute_request"
        path = self._paths.get(kernel_id)
        if executing and path is not None:
            self.log.add(path, kernel_id, parent.get("msg_id"), kind, content, metadata)
        if kernel.state == "busy":
            self.activity.busy()
        if kind != "status":
            return
        state = json.loads(content).get("execution_state")
        if executing and state == "busy":
            kernel.state = "busy"
            if path is not None:
                self.activity.busy()
                self.activity.tell({"kind": "busy", "kernelId": kernel_id})
        elif executing and state == "idle":
            kernel.state = "idle"
            kernel.waiting_for_input = False
            if path is not None:
                self.activity.tell({"kind": "executed", "kernelId": kernel_id, "path": path})
        elif kernel.state == "starting" and state in ("idle", "busy"):
            kernel.state = "idle"

    def _died(self, kernel_id) -> None:
        kills, self._memory_kills = self._memory_kills, memory_kills()
        self.log.abandon(kernel_id, "died" if self._memory_kills == kills else "out-of-memory")
        kernel = self._known.get(kernel_id)
        if kernel:
            kernel.state, kernel.waiting_for_input = "starting", False
        self.activity.tell({"kind": "kernel-died", "kernelId": kernel_id, "path": self._paths.get(kernel_id)})

    def _prefer_when_out_of_memory(self, manager) -> None:
        """Lets the system kill a kernel rather than the server: the person keeps files and page, and is told."""
        try:
            with open(f"/proc/{manager.provisioner.pid}/oom_score_adj", "w") as adjust:
                adjust.write("500")
        except (OSError, AttributeError):
            pass
