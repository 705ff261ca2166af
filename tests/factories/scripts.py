"""The scripts of ``docs/`` as modules: they are no package, so a test loads them by their file."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

DOCS = Path(__file__).resolve().parents[2] / "docs"


def load_script(name: str) -> ModuleType:
    """The module of ``docs/<name>.py``, loaded anew."""
    spec = importlib.util.spec_from_file_location("docs_" + name.replace("/", "_"), DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
