"""When a person last did something, when a kernel was last busy, and who wants to be told."""

import asyncio
import time

QUEUE = 1000


def now_ms() -> int:
    return int(time.time() * 1000)


class Activity:
    def __init__(self):
        self.last_input_ms = 0
        self.last_busy_ms = 0
        self._told_ms = 0
        self._listeners = set()
        # The last of each kind, while nobody listens.
        self._untold = {}

    def person(self) -> None:
        self.last_input_ms = now_ms()
        if self.last_input_ms - self._told_ms >= 10_000:
            self._told_ms = self.last_input_ms
            self.tell({"kind": "input"})

    def busy(self) -> None:
        self.last_busy_ms = now_ms()

    def tell(self, event: dict) -> None:
        if not self._listeners:
            self._untold.pop(event["kind"], None)
            self._untold[event["kind"]] = event
        for listener in list(self._listeners):
            try:
                listener.put_nowait(event)
            except asyncio.QueueFull:
                # It re-reads everything when it comes back.
                self.cut_off(listener)

    def listen(self) -> asyncio.Queue:
        listener = asyncio.Queue(QUEUE)
        for event in self._untold.values():
            listener.put_nowait(event)
        self._untold.clear()
        self._listeners.add(listener)
        return listener

    def leave(self, listener) -> None:
        self._listeners.discard(listener)

    def cut_off(self, listener) -> None:
        """Nothing more is told to it, and its waiting ends."""
        self.leave(listener)
        if listener.full():
            listener.get_nowait()
        listener.put_nowait(None)
