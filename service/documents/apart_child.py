"""The code that runs in the process of ``apart``: one template in, its pages or what is wrong out (pickled)."""

from __future__ import annotations

import pickle
import resource
import sys
from typing import Any

from service.children import size_now
from service.documents.apart import MEMORY, MOST_PAGES, SECONDS, WORD
from service.documents.pdf import render_files, render_pages
from service.documents.templates import TEMPLATE_FOLDER
from service.documents.type import TYPE_FOLDER
from service.documents.word import word_of
from service.errors import Incident, Invalid, NotFound


def main() -> None:
    """Renders what our parent hands over."""
    files, name, data, made_at, missing, pdf = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our parent
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (size_now() + MEMORY,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    where: dict[str, Any] = {"made_at": made_at, "house": TEMPLATE_FOLDER, "type_folder": TYPE_FOLDER}
    try:
        if pdf == WORD:
            said: Any = ([], 0, word_of(files[f"{name}.docx"], f"{name}.docx", data, files).content)
        elif pdf:
            said = ([], 0, render_files(files, name, data, **where, missing=missing).content)
        else:
            pages = render_pages(files, name, data, **where, missing=missing)
            said = (pages[:MOST_PAGES], len(pages), b"")
    except (Incident, Invalid, NotFound) as error:
        said = error.message
    pickle.dump(said, sys.stdout.buffer)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
