"""Files that people name."""

from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.services.files import write_whole
from tests.full_disk import files_of_at_most


@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_written_as_a_whole_or_stays_as_it_was(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "new" / "scheme.yaml"
    if before is not None:
        write_whole(path, before)
    with (
        files_of_at_most(100),
        pytest.raises(BadInput, match=r"scheme\.yaml cannot be written: File too large\."),
    ):
        write_whole(path, "x" * 101)
    assert [one.read_text() for one in path.parent.iterdir()] == ([] if before is None else [before])
    write_whole(path, "x" * 101)
    assert [one.read_text() for one in path.parent.iterdir()] == ["x" * 101]
