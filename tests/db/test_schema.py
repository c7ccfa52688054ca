"""The migrations create exactly the code's tables, and other revisions are refused."""

import re
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from bot.app import require_schema
from bot.errors import NotReady
from db import schema
from db.engine import Database, open_database
from db.tables import metadata


def test_the_migrations_create_exactly_the_tables_of_the_code(database: Database) -> None:
    with database.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        # Alembic does not compare the conditions of partial indexes.
        inspector, kind = inspect(connection), connection.dialect.name
        for table in metadata.tables.values():
            made = {
                str(index["name"]): bare(index["dialect_options"].get(f"{kind}_where"))
                for index in inspector.get_indexes(table.name)
            }
            meant = {
                str(index.name): bare(index.dialect_options[kind]["where"])
                for index in table.indexes
                if index.dialect_options[kind]["where"] is not None
            }
            assert {name: made[name] for name in meant} == meant


def bare(condition: object) -> str:
    """A condition without the brackets, casts and spaces in which the databases' notations differ."""
    plain = str(condition).replace("= ANY", "IN").replace("ARRAY", "")
    return re.sub(r"::(character varying|[a-z]+)|[()\[\]\s]", "", plain)


def test_upgrading_again_changes_nothing(database: Database) -> None:
    before = schema_of(database)
    schema.upgrade(database)
    assert schema_of(database) == before
    schema.check(database)


def test_two_may_upgrade_at_once(empty_url: str) -> None:
    databases = [open_database(empty_url) for _ in range(2)]
    together = threading.Barrier(2)
    failures: list[Exception] = []

    def upgrade(database: Database) -> None:
        together.wait()
        try:
            schema.upgrade(database)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=upgrade, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    for database in databases:
        assert schema.current(database) == schema.HEAD
        database.close()


def test_an_upgrade_that_fails_half_way_leaves_nothing_behind(empty_url: str) -> None:
    database = open_database(empty_url)
    with database.write() as session:
        session.execute(text("CREATE TABLE touch (in_the_way INTEGER)"))
    with pytest.raises(Exception, match=r'touch"? already exists'):
        schema.upgrade(database)
    with database.reader.connect() as connection:
        assert inspect(connection).get_table_names() == ["touch"]
    database.close()


@pytest.mark.parametrize("revision", ["9999", None])
def test_a_database_of_another_revision_is_refused_with_the_remedy(
    database: Database, revision: str | None
) -> None:
    with database.write() as session:
        session.execute(text("DELETE FROM alembic_version"))
        if revision:
            session.execute(text("INSERT INTO alembic_version VALUES (:r)"), {"r": revision})
    with pytest.raises(NotReady, match=rf"revision {revision or 'none'}, .* needs {schema.HEAD}.*db upgrade"):
        require_schema(database)


def schema_of(database: Database) -> list[tuple[object, ...]]:
    query = (
        "SELECT name, sql FROM sqlite_master ORDER BY 1"
        if database.is_sqlite
        else "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    with database.reader.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
