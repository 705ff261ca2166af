"""Contacts as callers of the API send them."""

from __future__ import annotations

from tests.factories.world import World

SECRET = "近期情绪低落，家中老人住院"


def body(world: World, **changes):
    return {
        "leader": world.leader_id,
        "talents": ["T0001"],
        "form": "visit",
        "held_on": "2026-09-15",
        "topics": [4],
        "summary": "走访了解近况",
        "tags": ["stationed"],
        "opinions": [{"text": "希望协调子女入读公办学校"}],
        **changes,
    }
