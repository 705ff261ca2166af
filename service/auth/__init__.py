"""Accounts, tokens, and who may do what. No Flask in it."""

from service.auth.actor import SYSTEM, Actor, Grant

__all__ = ["SYSTEM", "Actor", "Grant"]
