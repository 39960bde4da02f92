"""A browser's connection to a kernel: answers at once, and tells the watch what passes."""

import json

from jupyter_server.services.kernels.connection.base import deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

# What a person does, as opposed to what an open page does by itself.
BY_A_PERSON = {"execute_request", "complete_request", "inspect_request", "input_reply", "comm_msg", "debug_request"}


class Connection(ZMQChannelsWebsocketConnection):
    def connect(self):
        # With Nagle's algorithm left on, each reply waits for the client's delayed acknowledgement: 48 ms instead of 5.
        self.websocket_handler.set_nodelay(True)
        connected = super().connect()
        if connected is None:
            # Jupyter would leave the socket open and drop what comes by it; a client reads "open" as "will arrive".
            self.websocket_handler.close()
        return connected

    def handle_incoming_message(self, incoming_msg):
        watch = self.multi_kernel_manager.watch
        if watch:
            channel, header, metadata = self.read(incoming_msg)
            if header.get("msg_type") in BY_A_PERSON:
                watch.activity.person()
            if header.get("msg_type") == "execute_request":
                watch.log.expect(self.kernel_id, header.get("msg_id"), metadata.get("cellId"))
            if channel == "stdin":
                watch.answered(self.kernel_id)
        super().handle_incoming_message(incoming_msg)

    def handle_outgoing_message(self, stream, outgoing_msg):
        watch = self.multi_kernel_manager.watch
        if watch and (stream if isinstance(stream, str) else getattr(stream, "channel", None)) == "stdin":
            watch.asked(self.kernel_id)
        super().handle_outgoing_message(stream, outgoing_msg)

    def read(self, incoming):
        """Channel, header and metadata of a message; a malformed one is the library's to refuse."""
        try:
            if self.subprotocol == "v1.kernel.websocket.jupyter.org":
                channel, parts = deserialize_msg_from_ws_v1(incoming)
                header = json.loads(bytes(parts[0]))
                return channel, header, json.loads(bytes(parts[2])) if header.get("msg_type") == "execute_request" else {}
            if isinstance(incoming, str):
                message = json.loads(incoming)
                return message.get("channel"), message.get("header") or {}, message.get("metadata") or {}
        except (ValueError, IndexError, AttributeError, TypeError):
            pass
        return None, {}, {}
