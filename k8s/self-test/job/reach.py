"""Says which addresses answer from this pod, and fails where that is not what was expected.

Arguments: `listen`, then `open HOST:PORT...` and `closed HOST:PORT...` in any order. `listen` answers on port 8888 for as
long as the other Jobs look. A connection that is refused was let through, too: only silence, or no route, is closed.
"""

import errno
import os
import socket
import sys
import threading
import time

PATIENCE_S = float(os.environ.get("PATIENCE_S", "60"))
LISTEN_S = 120
CLOSED = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EPERM)


def address(host, patience=PATIENCE_S):
    """Names must be found: DNS is allowed everywhere. Those of pods appear a little after the pods."""
    until = time.monotonic() + patience
    while True:
        try:
            return socket.gethostbyname(host)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(1)


def answers(ip, port):
    with socket.socket() as attempt:
        attempt.settimeout(4)
        try:
            attempt.connect((ip, port))
        except TimeoutError:
            return False
        except OSError as error:
            return error.errno not in CLOSED
        return True


def is_as_expected(target, expected):
    host, _, port = target.rpartition(":")
    try:
        ip = address(host)
    except OSError:
        return print(f"FAIL  {target}: the name is not found, so DNS is shut or it does not exist", flush=True) or False
    if ip == socket.gethostbyname(socket.gethostname()):
        return True  # this very pod: no policy is asked
    until = time.monotonic() + PATIENCE_S
    # What is to be open may only be starting; a policy may take a moment to reach a new pod.
    while (found := answers(ip, int(port))) != expected and time.monotonic() < until:
        time.sleep(2)
    say = {True: "answers", False: "is silent"}
    print(f"{'ok  ' if found == expected else 'FAIL'}  {target} ({ip}) {say[found]}", flush=True)
    return found == expected


def listen():
    server = socket.create_server(("", 8888))
    while True:
        server.accept()[0].close()


def main(words):
    began, failed, expected = time.monotonic(), False, None
    for word in words:
        if word == "listen":
            threading.Thread(target=listen, daemon=True).start()
        elif word in ("open", "closed"):
            expected = word == "open"
        elif not is_as_expected(word, expected):
            failed = True
    if "listen" in words:
        time.sleep(max(0, LISTEN_S - (time.monotonic() - began)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
