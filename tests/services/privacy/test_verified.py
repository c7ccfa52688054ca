"""What is left after an erasure still fits together."""

from functools import partial
from pathlib import Path

import pytest

from bot.services.privacy import erasure, subjects
from bot.services.privacy.erasure import Wording
from db.book.trade import order_totals
from tests import factories
from tests.conftest import all_on_postgresql
from tests.services.grade.real_book import RealBook, real_book

__all__ = ["real_book"]
WORDING = Wording(mark="[erased]", pseudonym="Former colleague {}".format)


def erase(book: RealBook, code: str, folder: Path) -> None:
    erasure.erase(
        book.database,
        factories.operator("test"),
        partial(subjects.customer_named, text=code),
        WORDING,
        data_dir=folder,
        admins=(),
        today=book.clock.now().date(),
        now=book.clock.now(),
    )


@all_on_postgresql
@pytest.mark.parametrize("codes", [["LEAD"], ["DOCK", "EAST", "ACME", "CITY", "BETA"]])
def test_verify_finds_nothing_wrong_after_an_erasure(
    real_book: RealBook, codes: list[str], tmp_path: Path
) -> None:
    assert real_book.verify().is_sound
    for code in codes:
        erase(real_book, code, tmp_path)
    found = real_book.verify()
    assert [str(one) for one in found.differences] == []
    assert found.is_sound
    with real_book.database.read() as session:
        assert order_totals.discrepancies(session) == []
