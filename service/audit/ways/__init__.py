"""The map of real ways 流程图谱: how often the cases of a process went where, how long it took, where they waited.

Each case is folded once from its journal, by a fold of its own (``steps``), into a short record (``CaseWay``); maps are
counted from these. A record says up to which entry of the journal it goes, so that one that is out of date is known.
"""

from service.audit.ways.counting import WayMap
from service.audit.ways.keeping import RIGHT, kind
from service.audit.ways.queries import WayFilter, Ways, ways

__all__ = ["RIGHT", "WayFilter", "WayMap", "Ways", "kind", "ways"]
