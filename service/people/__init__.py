"""Units, persons, leaders, liaisons, substitutes: who there is, and since when.

Commands journal to ``unit:<code>`` and ``person:<id>``; lists take a fixed number of statements.
"""

from service.people.checks import BODIES, CLASS_A, CLASS_B, DUTIES
from service.people.commands import (
    add_leader,
    add_person,
    add_unit,
    declare_substitute,
    end_leader,
    end_liaison,
    name_liaison,
    update_person,
    update_unit,
    withdraw_substitute,
)
from service.people.directory import sync_units
from service.people.models import Leader, Liaison, Person, Substitute, Unit
from service.people.queries import (
    Page,
    find_leader,
    find_liaison,
    find_person,
    find_unit,
    get_leader,
    get_liaison,
    get_person,
    get_unit,
    leader_posts,
    represented_by,
    search_leaders,
    search_liaisons,
    search_people,
    search_units,
    substitutes_of,
    unit_names,
)

__all__ = [
    "BODIES",
    "CLASS_A",
    "CLASS_B",
    "DUTIES",
    "Leader",
    "Liaison",
    "Page",
    "Person",
    "Substitute",
    "Unit",
    "add_leader",
    "add_person",
    "add_unit",
    "declare_substitute",
    "end_leader",
    "end_liaison",
    "find_leader",
    "find_liaison",
    "find_person",
    "find_unit",
    "get_leader",
    "get_liaison",
    "get_person",
    "get_unit",
    "leader_posts",
    "name_liaison",
    "represented_by",
    "search_leaders",
    "search_liaisons",
    "search_people",
    "search_units",
    "substitutes_of",
    "sync_units",
    "unit_names",
    "update_person",
    "update_unit",
    "withdraw_substitute",
]
