"""The migrations create exactly the code's tables, and other revisions are refused."""

import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from bot.app import build, require_schema
from bot.errors import NotReady
from bot.settings import Settings
from db import processes, schema
from db.engine import MIGRATION_LOCK, Database, open_database
from db.tables import metadata
from tests.conftest import OpenAnother, on_postgresql
from tests.e2e.processes import wait_until


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


OLDER = rf"needs {schema.HEAD}.*db upgrade"
NEWER = "a newer version has upgraded it. Install that version again"


@pytest.mark.parametrize(
    ("stored", "named", "remedy"),
    [
        (["0003"], "0003", OLDER),
        ([], "none", OLDER),
        (["9999"], "9999", NEWER),
        ([schema.HEAD, "9999"], f"{schema.HEAD}, 9999", NEWER),
    ],
)
def test_a_database_of_another_revision_is_refused_with_the_remedy(
    database: Database, stored: list[str], named: str, remedy: str
) -> None:
    set_revision(database, *stored)
    with pytest.raises(NotReady, match=rf"revision {named}, .*{remedy}"):
        require_schema(database)


def test_a_running_process_writes_nothing_from_the_moment_of_another_revision(
    database: Database,
) -> None:
    settings = Settings(_env_file=None, TIERBOT_DATABASE_URL=database.url)
    with contextlib.closing(build(settings)) as bot:
        for revision, remedy in (("0003", OLDER), ("9999", NEWER)):
            with bot.database.write() as session:
                processes.count(session, "writes")
            set_revision(database, revision)
            with pytest.raises(NotReady, match=remedy), bot.database.write() as session:
                processes.count(session, "writes")
            set_revision(database, schema.HEAD)
        with bot.database.read() as session:
            assert processes.tallies(session) == {"writes": 2}


@on_postgresql
def test_a_migration_waits_until_those_that_write_have_ended(
    database: Database, open_another: OpenAnother
) -> None:
    settings = Settings(_env_file=None, TIERBOT_DATABASE_URL=database.url)
    with contextlib.closing(build(settings)) as bot, open_another().writer.begin() as migrating:
        taken = text("SELECT pg_try_advisory_xact_lock(:key)").bindparams(key=MIGRATION_LOCK)
        with bot.database.write():
            assert not migrating.execute(taken).scalar_one()
        assert migrating.execute(taken).scalar_one()


def set_revision(database: Database, *stored: str) -> None:
    with database.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
        for revision in stored:
            connection.execute(text("INSERT INTO alembic_version VALUES (:r)"), {"r": revision})


def schema_of(database: Database) -> list[tuple[object, ...]]:
    query = (
        "SELECT name, sql FROM sqlite_master ORDER BY 1"
        if database.is_sqlite
        else "SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    with database.reader.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@on_postgresql
def test_a_migration_waits_for_the_one_of_another_process(
    database: Database, open_another: OpenAnother
) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key AND NOT granted"
    )
    with open_another().writer.connect() as other, ThreadPoolExecutor(1) as second:
        with other.begin():
            other.execute(text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=MIGRATION_LOCK))
            upgrading = second.submit(schema.upgrade, database)

            def waits() -> bool:
                return upgrading.done() or bool(
                    other.execute(waiting.bindparams(key=MIGRATION_LOCK)).scalar_one()
                )

            wait_until(waits, "the second migration", 20)
            assert not upgrading.done()
        upgrading.result(20)
