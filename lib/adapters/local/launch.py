"""
Starts one sandboxed server and becomes its sandbox: run outside the sandbox, with the Python of the notebook environment,
in the server's state folder. Reads a launch (launch.ts) as JSON from standard input and answers one line on standard output.

What only a program of its own can do is done here: the listening socket is made outside and handed in, so that the sandbox needs
no writable folder of this machine; cgroups are joined before anything runs; and the environment of the site ends here.
"""

import base64
import json
import os
import socket
import sys

SOCKET, STATUS, FIRST_FILE = 3, 4, 5


def start_time() -> str:
    try:
        with open("/proc/self/stat") as stat:
            # Field 22, counted after the command's name, which may hold anything.
            return stat.read().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def place(fd: int, number: int) -> None:
    if fd == number:
        os.set_inheritable(fd, True)
    else:
        os.dup2(fd, number)
        os.close(fd)


def content(data: bytes) -> int:
    """A descriptor from which this can be read once."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return reading


def high(fd: int) -> int:
    """The same out of the way of the numbers we promise."""
    import fcntl

    moved = fcntl.fcntl(fd, fcntl.F_DUPFD, 50)
    os.close(fd)
    return moved


def main() -> None:
    launch = json.load(sys.stdin)
    log = high(os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    for group in launch["cgroups"]:
        with open(os.path.join(group, "cgroup.procs"), "w") as procs:
            procs.write(str(os.getpid()))

    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o077)
    listening.bind("s")
    listening.listen(256)
    files = [high(content(json.dumps(launch["settings"]).encode())), *(high(content(base64.b64decode(file))) for file in launch["files"])]
    sock = high(listening.detach())
    status = high(os.open("status", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))

    with open("process.new", "w") as process:
        json.dump({"pid": os.getpid(), "startTime": start_time()}, process)
        process.flush()
        os.fsync(process.fileno())
    os.rename("process.new", "process")
    # Whoever stops this server moves its folder away first, then looks for the process: one of the two is seen.
    if not same_folder(launch["folder"]):
        sys.exit("stopped meanwhile")

    os.write(1, b"launched\n")
    place(files[0], 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    place(sock, SOCKET)
    place(status, STATUS)
    for number, file in enumerate(files[1:], FIRST_FILE):
        place(file, number)
    os.closerange(FIRST_FILE + len(files) - 1, 256)
    os.umask(0o022)
    os.chdir("/")
    kept = {name: os.environ[name] for name in launch["keepEnvironment"] if name in os.environ}
    os.execve(launch["command"][0], launch["command"], {**kept, **launch["environment"]})


def same_folder(path: str) -> bool:
    try:
        return os.path.samefile(".", path)
    except OSError:
        return False


if __name__ == "__main__":
    main()
