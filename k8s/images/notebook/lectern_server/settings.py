"""What the spawner tells the server at its start."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    id: str
    generation: int
    token: str = field(repr=False)
    identity_key: str = field(repr=False)
    # {"fd": 3} for a listening socket made outside the sandbox, or {"host": "0.0.0.0", "port": 8888}.
    listen: dict
    # The learner's folder, and a private one for what Jupyter keeps while it runs. Both exist.
    root: str
    run: str

    @staticmethod
    def read(stream) -> "Settings":
        given = json.load(stream)
        return Settings(
            id=given["id"],
            generation=given["generation"],
            token=given["token"],
            identity_key=given["identityKey"],
            listen=given["listen"],
            root=given["root"],
            run=given["run"],
        )
