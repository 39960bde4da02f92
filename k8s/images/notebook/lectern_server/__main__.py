"""Starts one notebook server: `python -m lectern_server < settings.json`."""

import os
import sys


def main() -> None:
    from .settings import Settings

    settings = Settings.read(sys.stdin)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # jsonschema uses it only to check IRIs, and importing it takes longer than all the rest of the boot.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

    from .app import run

    run(settings)


if __name__ == "__main__":
    main()
