"""What a command loads: --help only the command line, `tier NAME` neither Slack's client nor the migrations."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "sqlalchemy",
    "sqlmodel",
    "pydantic",
    "structlog",
    "numpy",
    "pandas",
    "slack_sdk",
    "slack_bolt",
    "alembic",
    "apscheduler",
    "starlette",
    "holidays",
)
RUN = """
import json, sys
sys.argv = ["tierbot", *sys.argv[1:]]
from bot.cli import main
try:
    main()
finally:
    sys.stderr.write("\\n" + json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def loaded(code: str, *arguments: str, folder: Path) -> set[str]:
    """Which heavy modules a fresh Python has loaded in the end."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "TIERBOT_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return set(json.loads(done.stderr.splitlines()[-1])) & set(HEAVY)


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    assert loaded(RUN, "--help", folder=tmp_path) == set()
    assert loaded(RUN, "report", "--help", folder=tmp_path) <= {
        "structlog",
        "pydantic",
    }  # of the log and of typer


def test_completing_the_name_of_a_command_loads_nothing_heavy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TIERBOT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "tierbot report r")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert loaded(RUN, folder=tmp_path) <= {"pydantic"}  # of typer, for the values of options


def test_asking_for_a_tier_loads_neither_slack_nor_migrations_nor_pandas(tmp_path: Path) -> None:
    assert "alembic" in loaded(RUN, "db", "upgrade", folder=tmp_path)
    found = loaded(RUN, "tier", "ACME", folder=tmp_path)
    assert "sqlmodel" in found  # it did ask the database
    assert not found & {"slack_sdk", "slack_bolt", "alembic", "pandas", "apscheduler", "starlette"}


def test_an_import_loads_neither_slack_nor_migrations_nor_pandas_nor_numpy(tmp_path: Path) -> None:
    loaded(RUN, "db", "upgrade", folder=tmp_path)
    customers = tmp_path / "customers.csv"
    customers.write_text("code,name\nC1,Acme\n")
    found = loaded(RUN, "import", "customers", str(customers), folder=tmp_path)
    assert "sqlmodel" in found  # it did write
    assert not found & {
        "slack_sdk",
        "slack_bolt",
        "alembic",
        "pandas",
        "numpy",
        "apscheduler",
        "starlette",
        "holidays",
    }


def test_the_running_bot_loads_pandas_only_for_gradings(tmp_path: Path) -> None:
    everything = """
import json, sys
import bot.app, bot.health, bot.jobs, bot.slack.server, grading.explain.breakdown
from bot.cli import run
from bot.cli.asking import ask
sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""
    found = loaded(everything, folder=tmp_path)
    assert {"slack_bolt", "apscheduler", "sqlmodel"} <= found
    assert "pandas" not in found
