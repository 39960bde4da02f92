"""Starts one notebook server: `python -m lectern_server < settings.json`, or in a pod with the settings in LECTERN_SETTINGS."""

import os
import sys


def begin_again_without(name: str) -> None:
    """
    Goes on as the same program with that variable as its standard input. Taking it out of `os.environ` would not do: what a
    process was started with can be read in /proc by every other of its user, kernels among them.
    """
    settings = os.memfd_create("settings")
    os.write(settings, os.environb.pop(name.encode()))
    os.lseek(settings, 0, os.SEEK_SET)
    os.dup2(settings, 0)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


PR_SET_DUMPABLE = 4


def close_to_others() -> None:
    """
    Kernels run as the same user. From here on they may read neither this process's memory and environment, where its token and its
    identity key are, nor take its descriptors: what asks for that needs a right of root's now (prctl(2), "dumpable"). It lasts until the
    next exec, so kernels themselves are as ever. Without a sandbox, where nothing is walled off, the one who starts the server
    finds it by its environment.
    """
    if "LECTERN_INSTANCE" in os.environ:
        return
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl") and libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def main() -> None:
    if "LECTERN_SETTINGS" in os.environ:
        begin_again_without("LECTERN_SETTINGS")
    close_to_others()
    from .settings import Settings

    settings = Settings.read(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # jsonschema uses it only to check IRIs, and importing it takes longer than all the rest of the boot.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

    from .app import run

    run(settings)


if __name__ == "__main__":
    main()
