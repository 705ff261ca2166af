"""The proof of a process (走查): every state that people and timers can reach, walked in memory."""

from service.proof.findings import KINDS, Bounds, Fault, Proof
from service.proof.proving import prove
from service.proof.states import Start

__all__ = ["KINDS", "Bounds", "Fault", "Proof", "Start", "prove"]
