"""Lectern's side of a notebook server: a Jupyter Server extension and the program that starts it.

`python -m lectern_server` reads its settings as JSON from standard input (see settings.py), so that no secret is ever in an
argument, a file or the environment of what it starts (see __main__.py for pods).
"""


def _jupyter_server_extension_points():
    return [{"module": "lectern_server"}]


def _load_jupyter_server_extension(serverapp):
    from .extension import load

    load(serverapp)
