"""Event logs of all cases for process mining: XES (IEEE 1849) and OCEL 2.0, by the one fold of replay.

No form's content leaves the service this way, and no person's name: an activity is called as the diagram calls its step
(a slot's task says whom it is about, its step does not), people are told by codes.
"""

from service.audit.logs.cases import LogWish, wish_of
from service.audit.logs.ocel_json import write_json
from service.audit.logs.ocel_sqlite import write_sqlite
from service.audit.logs.xes import write_xes

__all__ = ["LogWish", "wish_of", "write_json", "write_sqlite", "write_xes"]
