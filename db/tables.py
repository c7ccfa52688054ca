"""Every table, imported so that the metadata is whole."""

from sqlmodel import SQLModel

from db import care, customers, facts, grading, imports, lanes, outbox, overrides, people, system, trade

metadata = SQLModel.metadata

__all__ = [
    "care",
    "customers",
    "facts",
    "grading",
    "imports",
    "lanes",
    "metadata",
    "outbox",
    "overrides",
    "people",
    "system",
    "trade",
]
