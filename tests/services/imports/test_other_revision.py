"""An import, its undo and a join while another version upgrades the database: nothing is stored."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.services.imports.joins.command import join_customers
from db import schema
from db.schema import NewerSchema
from tests import factories
from tests.services.imports.conftest import CUSTOMERS, Book

Work = Callable[[Book, Callable[[], None]], object]


def bring(book: Book, upgrade: Callable[[], None]) -> None:
    book.bring("customers", "code,name\nC3,Cedar\n", progress=lambda done, total: upgrade())


def undo(book: Book, upgrade: Callable[[], None]) -> None:
    upgrade()
    book.undo(1)


def join(book: Book, upgrade: Callable[[], None]) -> None:
    upgrade()
    join_customers(book.database, "C1", "C2", clock=book.clock, actor=factories.operator("mia@example.com"))


@pytest.mark.parametrize("work", [bring, undo, join])
def test_nothing_is_stored_under_another_revision(book: Book, work: Work) -> None:
    book.bring("customers", CUSTOMERS)
    guarded = replace(book, database=replace(book.database, before_write=schema.check_writing))
    before = book.everything()

    def upgrade() -> None:
        with book.database.writer.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerSchema):
        work(guarded, upgrade)
    assert book.everything() == before
