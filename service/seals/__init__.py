"""Seals 封存: a hash tree over the whole journal, its signed heads, their keys, and those who keep them elsewhere.

The owner of the database can write anything into it, hashes included; a head that is kept elsewhere tells.
"""

from service.seals.against import check_against
from service.seals.checking import Checked, check_seals
from service.seals.daily import Sealer
from service.seals.keys import STREAM
from service.seals.models import Seal
from service.seals.order import DOUBTFUL
from service.seals.proofs import Altered, Proof, proof, proofs
from service.seals.queries import seal_of, seals, shown
from service.seals.sealing import last_seal

__all__ = [
    "DOUBTFUL",
    "STREAM",
    "Altered",
    "Checked",
    "Proof",
    "Seal",
    "Sealer",
    "check_against",
    "check_seals",
    "last_seal",
    "proof",
    "proofs",
    "seal_of",
    "seals",
    "shown",
]
