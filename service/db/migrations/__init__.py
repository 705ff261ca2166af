"""Migrations: the schema's way from version to version.

They import nothing above ``db``, so that each keeps its meaning when the models and rules of today have moved on.
"""
