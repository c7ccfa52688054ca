"""YAML files are read with bounds."""

from pathlib import Path

from grading.scheme import text


def test_no_more_of_a_file_is_read_than_is_taken(tmp_path: Path) -> None:
    large, small = tmp_path / "large.yaml", tmp_path / "small.yaml"
    large.write_text("a: 1\n" * 200_000, encoding="utf-8")
    small.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert len(text.read(large)) == text.MAX_CHARACTERS + 1
    assert text.read(small) == "a: 1\n"
