"""The code that runs in the process of ``confined``: jobs in (pickled, from our own parent), lines of JSON out."""

from __future__ import annotations

import json
import math
import pickle
import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from service.checks import CheckContext, DefinitionFinding, check
from service.children import limit, size_now

Look = Callable[[Mapping[str, bytes], CheckContext, Callable[[str], None]], list[DefinitionFinding]]
"""A check of a bundle, which tells of each file that comes next."""


def serve(look: Look) -> None:
    """Checks each job and tells its findings, and before it of each file that comes next."""
    jobs, limits = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our parent
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit(resource.RLIMIT_AS, size_now() + limits.memory)
    for files, context in jobs:
        limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + limits.seconds)
        found = look(files, context, lambda file: _tell({"at": file}))
        _tell({"findings": [[one.file, one.line, one.element, one.rule, one.message, one.severity] for one in found]})


def _tell(said: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(said, ensure_ascii=True) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve(lambda files, context, looking_at: check(files, context=context, looking_at=looking_at))
