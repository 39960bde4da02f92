"""
The bounded log of what each execution put out, whoever was connected. Messages are numbered over the whole server, so a
client that says the last number it has seen gets all that came after it.
"""

import json
import os
from collections import OrderedDict

SERVER_BYTES = 20_000_000
EXECUTION_BYTES = 5_000_000
# An execution that was announced but never began is forgotten when this many others wait.
ANNOUNCED = 1000

KEPT = {"stream", "display_data", "execute_result", "error", "update_display_data", "clear_output", "status", "execute_input"}


class Execution:
    def __init__(self, path, kernel_id, message_id, cell_id):
        self.path = path
        self.kernel_id = kernel_id
        self.message_id = message_id
        self.cell_id = cell_id
        self.state = "busy"
        self.count = None
        self.truncated = False
        self.bytes = 0
        # (number, type, content as JSON, metadata as JSON)
        self.messages = []

    def describe(self, since: int) -> bytes:
        head = {"msgId": self.message_id, "cellId": self.cell_id, "kernelId": self.kernel_id, "state": self.state, "truncated": self.truncated}
        parts = [
            b'{"seq":%d,"type":"%s","content":%s,"metadata":%s}' % (number, kind.encode(), content, metadata)
            for number, kind, content, metadata in self.messages
            if number > since
        ]
        return json.dumps(head).encode()[:-1] + b',"messages":[' + b",".join(parts) + b"]}"


class OutputLog:
    def __init__(self, server_bytes=SERVER_BYTES, execution_bytes=EXECUTION_BYTES):
        # Differs in each server, so that a client never compares numbers of two.
        self.id = os.urandom(8).hex()
        self.seq = 0
        self.bytes = 0
        self._server_bytes = server_bytes
        self._execution_bytes = execution_bytes
        self._executions = OrderedDict()
        # By message id, with kernel and cell: sent to a kernel and not begun.
        self._announced = OrderedDict()

    def expect(self, kernel_id, message_id, cell_id) -> None:
        """A client sent this execution for that cell; the kernel's own messages do not say so."""
        if not isinstance(message_id, str):
            return
        self._announced[message_id] = (kernel_id, cell_id if isinstance(cell_id, str) else None)
        while len(self._announced) > ANNOUNCED:
            self._announced.popitem(last=False)

    def add(self, path, kernel_id, message_id, kind, content: bytes, metadata: bytes) -> None:
        if kind not in KEPT:
            return
        execution = self._executions.get(message_id)
        if execution is None:
            execution = Execution(path, kernel_id, message_id, self._announced.pop(message_id, (None, None))[1])
            self._executions[message_id] = execution
        if kind == "execute_input":
            execution.count = json.loads(content).get("execution_count")
            content = json.dumps({"execution_count": execution.count}).encode()
        if kind == "status" and json.loads(content).get("execution_state") == "idle":
            execution.state = "finished"
        self._append(execution, kind, content, metadata)

    def abandon(self, kernel_id, path=None, state="died") -> None:
        """The kernel of that notebook died or began again: what it was executing will never finish, and what waited never begin. `state` says how it died."""
        waited = [(message_id, cell_id) for message_id, (kernel, cell_id) in self._announced.items() if kernel == kernel_id]
        for message_id, _ in waited:
            del self._announced[message_id]
        executing = [e for e in self._executions.values() if e.kernel_id == kernel_id and e.state == "busy"]
        # A kernel that dies at once does not come to say what it has begun: it was what it was sent first.
        if path is not None and waited and not executing:
            message_id, cell_id = waited[0]
            executing = [Execution(path, kernel_id, message_id, cell_id)]
            self._executions[message_id] = executing[0]
        for execution in executing:
            execution.state = state
            self._append(execution, "status", b'{"execution_state":"dead"}', b"{}")

    def rename(self, kernel_id, path) -> None:
        for execution in self._executions.values():
            if execution.kernel_id == kernel_id:
                execution.path = path

    def knows(self, path) -> bool:
        return any(execution.path == path for execution in self._executions.values())

    def forget(self, path, cell_id, count) -> None:
        """What that cell put out last, under this count, was in the file and has been cleared there: it is not to come back from here."""
        of_cell = [(key, e) for key, e in self._executions.items() if e.path == path and e.cell_id == cell_id]
        if not of_cell or of_cell[-1][1].count != count or any(e.state == "busy" for _, e in of_cell):
            return
        for key, execution in of_cell:
            self.bytes -= execution.bytes
            del self._executions[key]

    def since(self, path, since: int) -> bytes:
        """JSON of every execution of the notebook that put out something after `since`, and the ids of all that have yet to begin."""
        after = [e.describe(since) for e in self._executions.values() if e.path == path and e.messages and e.messages[-1][0] > since]
        announced = json.dumps(list(self._announced)).encode()
        return b'{"log":"%s","seq":%d,"announced":%s,"executions":[%s]}' % (self.id.encode(), self.seq, announced, b",".join(after))

    def _append(self, execution, kind, content, metadata) -> None:
        self.seq += 1
        size = len(content) + len(metadata) + 100
        small = kind in ("status", "execute_input")
        if not small and execution.bytes + size > self._execution_bytes:
            if execution.truncated:
                return
            execution.truncated = True
            kind, content, metadata, size = "truncated", b'{"limitBytes":%d}' % self._execution_bytes, b"{}", 200
        execution.messages.append((self.seq, kind, content, metadata))
        execution.bytes += size
        self.bytes += size
        while self.bytes > self._server_bytes and len(self._executions) > 1:
            self._drop_oldest(execution)

    def _drop_oldest(self, current) -> None:
        finished = (key for key, e in self._executions.items() if e.state != "busy" and e is not current)
        any_other = (key for key, e in self._executions.items() if e is not current)
        dropped = self._executions.pop(next(finished, None) or next(any_other))
        self.bytes -= dropped.bytes
