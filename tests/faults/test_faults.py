"""Some of the faults of `make faults`, with real processes that are really killed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(("code", "figure"), [("F01", "kills"), ("F02", "lost answers")])
def test_nothing_is_lost_or_doubled(code: str, figure: str) -> None:
    command = [sys.executable, "-m", "tests.faults", "--database", "sqlite", "--quick", "--only", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "lost 0, doubled 0" in ended.stdout
    assert figure in ended.stdout
