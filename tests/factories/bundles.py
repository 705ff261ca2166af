"""Bundles for tests of what runs, not of what may be drawn."""

from __future__ import annotations

from collections.abc import Mapping

from service.processes.bundles import CheckedBundle, compile_bundle


def unchecked(key: str, files: Mapping[str, bytes]) -> CheckedBundle:
    """A bundle that no check has seen: as it was deployed before a check was there, or too small to pass."""
    return CheckedBundle(key, files, compile_bundle(files, key))
