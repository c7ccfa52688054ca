"""Care goes on after the tables went back to those before several plans, and forward again."""

from typing import Any, cast

from alembic import command

from bot.services.care import schedule
from db import schema
from db.engine import Database, open_database
from tests.services.book import rules
from tests.services.care.planned_book import NOW, open_steps, planned_book

BEFORE_PLANS = "0011"


def downgrade(database: Database) -> None:
    """Bring the tables back, as `schema.upgrade` brings them forward."""
    settings = schema.config()
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.detach()
            cast(Any, connection.connection.dbapi_connection).execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            settings.attributes["connection"] = connection
            command.downgrade(settings, BEFORE_PLANS)
            if database.is_sqlite:
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_the_same_steps_are_open_after_a_downgrade_and_an_upgrade(empty_url: str) -> None:
    database = open_database(empty_url)
    schema.upgrade(database)
    planned_book(database)
    before = open_steps(database)
    downgrade(database)
    schema.upgrade(database)
    schedule.plan_all(database, rules(), NOW)
    assert open_steps(database) == before
    assert schedule.plan_all(database, rules(), NOW) == 0
    database.close()
