"""A small application for tests of the server: tells the digest of what came, or says much. Little room is left it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from service.cli import receiving

ROOM = 3_000_000


class SmallWorker(receiving.ReceivingWorker):
    """The server's worker, of a server that may keep ``ROOM`` bytes."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        receiving.KEPT_ALTOGETHER = ROOM
        super().__init__(*arguments, **more)


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """``/much/N``: N million bytes, in pieces; else length and SHA-256 of the body."""
    path = environ["PATH_INFO"]
    if path.startswith("/much/"):
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return (b"x" * 100_000 for _ in range(10 * int(path.removeprefix("/much/"))))
    body = environ["wsgi.input"].read()
    said = f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]
