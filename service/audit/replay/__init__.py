"""Replay 回放: a case step by step, by one pure fold over its journal, as each reader may see it.

The fold reads what was recorded and runs no diagram again: that the record is what the diagram gives is what
verification says, and it says so of every case.
"""

from service.audit.replay.cases import CaseReplay, case_replay
from service.audit.replay.fold import Fold, fold
from service.audit.replay.steps import DueChange, FileThen, Happened, NoticeSent, Told

__all__ = ["CaseReplay", "DueChange", "FileThen", "Fold", "Happened", "NoticeSent", "Told", "case_replay", "fold"]
