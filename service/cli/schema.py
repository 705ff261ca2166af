"""All tables of the product: a backup must miss none."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from sqlalchemy import MetaData

import service
from service.db import Base


def all_tables() -> MetaData:
    """The metadata of every feature, whichever of them the running command has loaded."""
    for models in sorted(Path(service.__path__[0]).glob("*/*models.py")):
        import_module(f"service.{models.parent.name}.{models.stem}")
    return Base.metadata
