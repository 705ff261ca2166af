"""The hook that looks through a file before it is kept: clamd at an address, or a program of the office."""

from __future__ import annotations

import socket
import struct
import subprocess
from urllib.parse import urlsplit

import structlog

from service.config.files import Files
from service.errors import Incident

PIECE = 64 * 1024
DOWN = "查毒程序没有应答，附件没有保存，请稍后再试；仍不成功时请告知系统管理员"
LONGEST_WORDS = 200

log = structlog.get_logger(__name__)


def threat_in(content: bytes, files: Files) -> str | None:
    """The finding of the scanner in ``content``, in its own words; ``None`` of a clean file, or without a scanner.

    Raises ``Incident`` where the scanner gives no answer and one is required; else such a file counts as clean, and
    the service's log says that nobody has looked through it. Not to be called with an open transaction.
    """
    if not files.scan_address and not files.scan_command:
        return None
    try:
        return _by_clamd(content, files) if files.scan_address else _by_command(content, files)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.warning("scanner_down", error=str(error), required=files.scan_required)
        if files.scan_required:
            raise Incident(DOWN) from error
        return None


def _by_clamd(content: bytes, files: Files) -> str | None:
    """The command INSTREAM of clamd: pieces with their length before them, and an empty one at the end."""
    at = urlsplit(files.scan_address)
    if at.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(files.scan_seconds)
        connection.connect(at.path)
    else:
        connection = socket.create_connection((at.hostname or "", at.port or 0), timeout=files.scan_seconds)
    with connection:
        connection.sendall(b"zINSTREAM\0")
        for first in range(0, len(content), PIECE):
            piece = content[first : first + PIECE]
            connection.sendall(struct.pack("!L", len(piece)) + piece)
        connection.sendall(struct.pack("!L", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < 4096 and (more := connection.recv(4096)):
            answer += more
    said = answer.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if said == "OK":
        return None
    if said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")[:LONGEST_WORDS]
    raise ValueError(f"clamd: {said[:LONGEST_WORDS]}")


def _by_command(content: bytes, files: Files) -> str | None:
    done = subprocess.run(  # noqa: S603 - the office's own program, named in its settings
        files.scan_command, input=content, capture_output=True, timeout=files.scan_seconds, check=False
    )
    said = done.stdout.decode(errors="replace").strip().partition("\n")[0][:LONGEST_WORDS]
    if done.returncode == 0:
        return None
    if done.returncode == 1:
        return said or "可疑内容"
    raise ValueError(f"exit {done.returncode}: {said}")
