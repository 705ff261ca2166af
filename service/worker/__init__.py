"""The worker: fires due timers, delivers notices in office hours, reminds of a missing holiday notice."""

from service.worker.loop import Work, Worker

__all__ = ["Work", "Worker"]
