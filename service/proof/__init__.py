"""The proof of a process (走查): every state that people and timers can reach, walked in memory."""

from service.proof.explorer import Start
from service.proof.findings import KINDS, Bounds, Fault, Proof
from service.proof.proving import prove

__all__ = ["KINDS", "Bounds", "Fault", "Proof", "Start", "prove"]
