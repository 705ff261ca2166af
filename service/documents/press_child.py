"""The code that runs in the process of ``press``: it reads programs and type once, then forks for each paper."""

from __future__ import annotations

import os
import signal
import socket
import traceback
from contextlib import suppress

from service.documents.apart_child import main as print_one
from service.documents.press import DONE
from service.documents.type import TYPE_FOLDER, faces_of
from service.errors import Incident


def main() -> None:
    """Waits for papers until whoever started us is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended: they say it themselves
    with suppress(Incident):  # no type: each paper says so
        faces_of(TYPE_FOLDER)
    with socket.socket(fileno=os.dup(0)) as way:
        while True:
            said, files, _, _ = socket.recv_fds(way, 1, 4)
            if not said:
                return
            if os.fork() == 0:
                way.close()
                _print(files)
            for one in files:
                os.close(one)


def _print(files: list[int]) -> None:
    """One paper, in the process that was forked for it; never returns."""
    *standard, says = files
    code = 1
    try:
        for number, one in enumerate(standard):
            os.dup2(one, number)
            os.close(one)
        os.write(says, f"{os.getpid()}\n".encode())
        print_one()
        os.write(says, DONE)
        code = 0
    except BaseException:  # noqa: BLE001 - told to whoever waits, and the process ends
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
