"""A made-up district for trying, training and testing: organization, accounts, talents, cases. Never in production."""

from service.demonstration.cases import build, require_none
from service.demonstration.organization import ACCOUNTS, PASSWORD, accounts, build_organization

__all__ = ["ACCOUNTS", "PASSWORD", "accounts", "build", "build_organization", "require_none"]
