"""What was brought in, by whom, and how to take it back."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from db.types import UtcDateTime


class ImportBatch(SQLModel, table=True):
    """One file brought in. Rows it created carry its id; rows it changed have an ImportChange."""

    __tablename__ = "import_batch"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    source: str
    file_name: str
    file_sha256: str
    actor: str
    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    created: int = 0
    changed: int = 0
    status: str = "staging"  # staging | published | undone
    started_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    undone_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ImportChange(SQLModel, table=True):
    """A row as it was before an import changed it."""

    __tablename__ = "import_change"
    __table_args__ = (Index("ix_import_change_row", "table_name", "row_id"),)
    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="import_batch.id", index=True)
    table_name: str
    row_id: int
    before: str  # JSON of the changed columns


class ImportStaging(SQLModel, table=True):
    """Accepted rows on their way in; published in one short transaction."""

    __tablename__ = "import_staging"
    id: int | None = Field(default=None, primary_key=True)
    batch_id: int = Field(foreign_key="import_batch.id", index=True)
    line: int
    key: str
    row: str  # JSON


class ColumnMapping(SQLModel, table=True):
    """Which column of a source's files means which field, as a person once said."""

    __tablename__ = "column_mapping"
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    column: str


def mapping(session: Session, source: str, kind: str) -> dict[str, str]:
    rows = session.exec(
        select(ColumnMapping).where(ColumnMapping.source == source, ColumnMapping.kind == kind)
    )
    return {row.field: row.column for row in rows}


def remember_mapping(session: Session, source: str, kind: str, columns: dict[str, str]) -> None:
    for field, column in columns.items():
        session.merge(ColumnMapping(source=source, kind=kind, field=field, column=column))


def batches(session: Session, limit: int = 20) -> list[ImportBatch]:
    return list(session.exec(select(ImportBatch).order_by(col(ImportBatch.id).desc()).limit(limit)))
