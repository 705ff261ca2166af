"""The database: one engine, one transaction a request, the column types that behave alike on both databases.

SQLite (embedded default) and PostgreSQL (production) run the same code and the same migrations.
"""

from service.db.base import Base, Json, UtcDateTime
from service.db.database import Database, is_writing
from service.db.idempotency import IdempotentAnswer
from service.db.looking import Overtaken

__all__ = ["Base", "Database", "IdempotentAnswer", "Json", "Overtaken", "UtcDateTime", "is_writing"]
