"""The code that runs in the process of ``proving``: a job in (pickled, from our own parent), its proof out as JSON."""

from __future__ import annotations

import json
import math
import pickle
import resource
import sys
import time
from dataclasses import replace

from service.children import limit, size_now
from service.errors import Invalid
from service.proof import prove
from service.usecases.rehearsals import plan_of

_MORE_SECONDS = 60
_KIB = 1024
"""The unit in which Linux counts a process's memory."""


def main() -> None:
    """Proves the one bundle that it is given."""
    files, key, house, bounds, memory = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by our parent
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit(resource.RLIMIT_AS, size_now() + memory)
    limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + bounds.seconds) + _MORE_SECONDS)
    try:
        proof = prove(files, key, house.calendar, plan_of(house.settings, house.organization), bounds)
        said = replace(proof, memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB).to_data()
    except Invalid as error:
        said = {"refused": "；".join([error.message, *(f"{one.path} {one.message}" for one in error.findings)])}
    sys.stdout.write(json.dumps(said, ensure_ascii=True))


if __name__ == "__main__":
    main()
