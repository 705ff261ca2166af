"""Units, persons, leaders, liaisons, substitutes: who there is, and since when.

Commands journal to ``unit:<code>`` and ``person:<id>``; lists take a fixed number of statements.
"""

from service.people.directory import sync_units
from service.people.heads import entered_head, heads_of, name_head
from service.people.models import Leader, Liaison, Person, Substitute, Unit
from service.people.persons import add_person, update_person
from service.people.posts import add_leader, correct_end, end_leader, update_leader
from service.people.queries import (
    find_leader,
    find_liaison,
    find_person,
    find_unit,
    get_leader,
    get_liaison,
    get_person,
    get_unit,
    leader_posts,
    liaisons_of,
    namesakes,
    posts_of,
    represented_by,
    search_leaders,
    search_liaisons,
    search_people,
    search_substitutes,
    search_units,
    substitutes_of,
    unit_names,
)
from service.people.rules import BODIES, CLASS_A, CLASS_B, DUTIES
from service.people.substitutes import declare_substitute, withdraw_substitute
from service.people.units import add_unit, end_liaison, name_liaison, update_unit

__all__ = [
    "BODIES",
    "CLASS_A",
    "CLASS_B",
    "DUTIES",
    "Leader",
    "Liaison",
    "Person",
    "Substitute",
    "Unit",
    "add_leader",
    "add_person",
    "add_unit",
    "correct_end",
    "declare_substitute",
    "end_leader",
    "end_liaison",
    "entered_head",
    "find_leader",
    "find_liaison",
    "find_person",
    "find_unit",
    "get_leader",
    "get_liaison",
    "get_person",
    "get_unit",
    "heads_of",
    "leader_posts",
    "liaisons_of",
    "name_head",
    "name_liaison",
    "namesakes",
    "posts_of",
    "represented_by",
    "search_leaders",
    "search_liaisons",
    "search_people",
    "search_substitutes",
    "search_units",
    "substitutes_of",
    "sync_units",
    "unit_names",
    "update_leader",
    "update_person",
    "update_unit",
    "withdraw_substitute",
]
