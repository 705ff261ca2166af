"""The worker: fires due timers, delivers notices in office hours, reminds of a missing holiday notice.

``Worker`` is that of one district, ``Rota`` that of many.
"""

from service.worker.loop import Work, Worker
from service.worker.rota import Rota

__all__ = ["Rota", "Work", "Worker"]
