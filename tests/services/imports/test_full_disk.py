"""A full disk while rows are rejected: nothing is stored, and no half file remains."""

import pytest

from bot.errors import NotReady
from tests.full_disk import files_of_at_most
from tests.services.imports.conftest import Book


def test_without_room_for_the_rejected_rows_nothing_is_stored(book: Book) -> None:
    content = "code,name,region\nC1,Acme,West\n" + "C2\n" * 2000
    rejects = book.bring("customers", content).rejects_file
    assert rejects is not None
    size, before = rejects.stat().st_size, book.everything()
    content = content.replace("Acme", "Birch")
    for most in (size // 2, size - 1):  # while the file is read, and when the last rows are written
        with (
            files_of_at_most(most),
            pytest.raises(
                NotReady, match=r"^Nothing was stored, .* cannot be written to .*rejects: File too large\."
            ),
        ):
            book.bring("customers", content)
        assert book.everything() == before
        assert [*rejects.parent.iterdir()] == [rejects]
    assert book.bring("customers", content).changed == 1
