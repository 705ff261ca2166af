"""The things that the application hands to the processes: actions, references, settings.

One per database, no globals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.orm import Session

from service.processes.privacy import Private
from service.processes.terms import STAGES
from service.rights import UNIT_ROLES, Actor
from service.workdays import Calendar

if TYPE_CHECKING:
    from service.processes.forms import Form
    from service.processes.models import Instance, UserTask

KEY = "processes"


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One call of a service action by a diagram. ``data`` is what the step sees; ``actor`` whose input led here.

    ``scope`` is the slot or other called process that calls, '' for the case itself. ``overtaken``: a timer led here
    that fires so late that a later one of its task is due as well.
    """

    instance: Instance
    task: str
    parameters: Mapping[str, Any]
    data: Mapping[str, Any]
    actor: Actor
    now: datetime
    scope: str = ""
    overtaken: bool = False


class RehearsedTask(Protocol):
    """An open task, as far as an action asks for it."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def task(self) -> str:
        """The step's id."""

    @property
    def role(self) -> str | None:
        """The role that may take it; None: nobody may."""

    @property
    def scope(self) -> str:
        """In which called process it stands, '' in none."""

    @property
    def unit(self) -> str | None:
        """The code of its unit."""

    @property
    def stage(self) -> str | None:
        """To which stage it belongs."""


class Tell(Protocol):
    """Notes that a notice would go out: of a kind, to a role (of a unit), or to who does an open task."""

    def __call__(
        self, kind: str, *, role: str | None = None, unit: str | None = None, step: RehearsedTask | None = None
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class RehearsedCall:
    """One call of a service action in a rehearsal, which has no database and writes nothing.

    ``remembered`` is what actions left there at earlier calls of the same rehearsal: numbers count up in it.
    """

    task: str
    parameters: Mapping[str, Any]
    data: Mapping[str, Any]
    now: datetime
    calendar: Calendar
    scope: str
    open_tasks: Sequence[RehearsedTask]
    remembered: dict[str, Any]
    tell: Tell


@dataclass(frozen=True, slots=True)
class Action:
    """A function that a diagram's service task may call.

    ``run`` works in the caller's transaction and gives a JSON value.
    ``sample`` is a plausible result, on which the deployment checks try expressions, and which a rehearsal takes for
    the answer, unless ``rehearsed`` works one out of the call alone. ``does`` says in Chinese what it does and gives,
    for the table of actions in the guide (``docs/tables/make.py``). ``same_as`` is the parameter whose value is the
    result, of any kind; ``kept`` whether a diagram must name the result. ``takes`` maps a parameter to the list on
    which its text must stand (as ``checks.named`` knows them). ``example`` is a call for that table, of an action that
    no shipped diagram calls.
    """

    name: str
    title: str
    parameters: tuple[str, ...]
    run: Callable[[Session, ActionCall], Any]
    optional: tuple[str, ...] = ()
    sample: Any = None
    does: str = ""
    rehearsed: Callable[[RehearsedCall], Any] | None = None
    same_as: str = ""
    kept: bool = False
    takes: Mapping[str, str] = field(default_factory=dict)
    example: str = ""


Reference = Callable[[Session, str], str | None]
"""The label of a referenced record (``x-ref``), or None when there is none."""

Listing = Callable[[Mapping[str, Any], date], Select[str]]
"""The ids of the records that a task is about (``x-among``), from what the task was entered with, as of a day.

A query and no list: however many they are, none of them is kept with the case.
"""


Served = Callable[[Actor], Select[str] | None]
"""The ids of the talents whom somebody serves today, as their leader or that leader's liaison; None: nobody's (O4)."""


Known = Callable[[Actor], Select[str] | None]
"""The ids of the talents of whom alone somebody may know, an employer's own; None: of everybody (R8)."""


def _nobody(_reader: Actor) -> Select[str] | None:
    return None


Called = Callable[[str], Select[str]]
"""The ids of the talents whose name, number or employer holds a word as search compares it."""


def _no_name(_word: str) -> Select[str]:
    return select(literal(""))


Spelled = Callable[[Any], ColumnElement[Any]]
"""How the talent with an id is spelled, by which lists sort."""


def _unspelled(talent_id: Any) -> ColumnElement[Any]:
    found: ColumnElement[Any] = talent_id
    return found


Shown = Callable[[Session, str, str, Actor], bool]
"""Whether somebody may know of a record: its kind (``x-ref``), its key, who asks.

A record that is not shown is not picked.
"""


def _everything(_session: Session, _kind: str, _key: str, _reader: Actor) -> bool:
    return True


Told = Callable[[Session, str, Actor], Mapping[str, Any]]
"""The facts about a record, by its key, that a reader's form may be filled with (``x-fill``); none of one unknown."""


Withheld = Callable[[Session, Actor, str | None], frozenset[str]]
"""The kinds of private values (``privacy``) of a talent, by id, that somebody may not see; of nobody in particular."""


def _nothing_withheld(_session: Session, _reader: Actor, _talent_id: str | None) -> frozenset[str]:
    return frozenset()


HandIn = Callable[[Session, "Instance", "UserTask", "Form", Mapping[str, Any], Actor, datetime], None]
"""Makes the files that a step's data name the case's own (``x-ref``: ``files``); raises ``Invalid``."""


def _no_files(*_: object) -> None:
    return None


DateMoved = Callable[[Session, "Instance", "UserTask", Actor, datetime], None]
"""Tells whatever keeps the date of a step that it is another one now. Asks nothing that sends what waits."""


def _no_date(*_: object) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Wiring:
    """``settings`` is frozen into each new instance; ``scopes`` maps a role to whose tasks it sees.

    ``towns`` maps the code of a town to its name, ``stand_ins`` a role to those that act in turn where nobody can act
    in it (default: the Talent Office alone), ``role_names`` a role and ``stages`` a stage to what people call it;
    ``unit_roles`` are the roles that mean nothing without a unit; ``short_names`` maps a unit's code to its short names
    as search compares them; ``called`` and ``spelled`` find and sort by talents; ``most_instances`` is how many
    instances one activity may open side by side, ``most_extension`` by how many working days a date may be put off at
    once; ``house_prints`` gives the print templates of the house by the name
    of their file. ``told`` gives what forms may be filled with of records of a kind; ``hand_in`` takes a form's files;
    ``date_moved`` is told of a step with another date.
    """

    actions: Mapping[str, Action] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    listings: Mapping[str, Listing] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    role_names: Mapping[str, str] = field(default_factory=dict)
    unit_roles: frozenset[str] = UNIT_ROLES
    stages: Mapping[str, str] = field(default_factory=lambda: dict(STAGES))
    towns: Mapping[str, str] = field(default_factory=dict)
    served: Served = _nobody
    known: Known = _nobody
    called: Called = _no_name
    spelled: Spelled = _unspelled
    short_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shown: Shown = _everything
    private: Private = field(default_factory=Private)
    withheld: Withheld = _nothing_withheld
    opening: time = time(9, 0)
    most_instances: int = 500
    most_extension: int = 20
    house_prints: Callable[[], Mapping[str, bytes]] = dict
    told: Mapping[str, Told] = field(default_factory=dict)
    hand_in: HandIn = _no_files
    date_moved: DateMoved = _no_date

    def role_name(self, role: str | None) -> str:
        """The name of a role; empty for one that ``organization.toml`` does not have."""
        return self.role_names.get(role or "", "")


def wiring(session: Session) -> Wiring:
    """The wiring of this session's database, which ``service.usecases.wire`` has set."""
    found: Wiring = session.info[KEY]
    return found
