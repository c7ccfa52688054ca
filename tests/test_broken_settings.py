"""A broken installation does not start: the error names the setting, its value and the remedy.

The cases are in tests/corpus/settings/broken.toml.
"""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot import cli

CASES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "corpus" / "settings" / "broken.toml").read_text(encoding="utf-8")
)["case"]
GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1-canary",
    "SLACK_APP_TOKEN": "xapp-1-canary",
    "SLACK_API_URL": "http://127.0.0.1:1/api/",
    "TIERBOT_HEALTH_PORT": "0",
}


def furnish(folder: Path, case: dict[str, Any]) -> dict[str, str]:
    """Write a case's files to the folder; returns its settings."""
    for name, content in case.get("files", {}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    settings: dict[str, str] = {**GOOD, **case["settings"]}
    return settings


def check_said(case: dict[str, Any], code: str | int | None, said: str) -> None:
    assert [part for part in case["said"] if part not in said] == []
    assert "Traceback" not in said
    assert "canary" not in said
    assert code == case.get("code", 2)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_broken_installation_does_not_start(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("SLACK_", "TIERBOT_")):
            monkeypatch.delenv(name)
    for name, value in furnish(tmp_path, case).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["tierbot", case.get("command", "run")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    shown = capsys.readouterr()
    check_said(case, ended.value.code, shown.err)
    assert "canary" not in shown.out


def test_there_are_at_least_forty_cases() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 40


@pytest.fixture(scope="module")
def loading(tmp_path_factory: pytest.TempPathFactory) -> float:
    """The seconds of a processor that loading the program takes."""
    folder = tmp_path_factory.mktemp("loading")
    return run(folder, {}, "-c", "import bot.app, bot.cli, bot.jobs, bot.slack.server")[2]


@pytest.mark.parametrize(
    "name", ["bot token for the app token", "setting misspelt", "database that is a folder"]
)
def test_a_process_refuses_in_little_more_than_the_time_of_its_start(
    name: str, loading: float, tmp_path: Path
) -> None:
    """In processor time compared with loading the program, because the machine may be busy."""
    case = next(case for case in CASES if case["name"] == name)
    settings = furnish(tmp_path, case)
    code, said, seconds = run(tmp_path, settings, "-m", "bot", "run")
    check_said(case, code, said)
    assert seconds < loading + 1.5


def run(folder: Path, settings: dict[str, str], *arguments: str) -> tuple[int, str, float]:
    """Exit code, standard error, and seconds of processor time."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, *arguments], cwd=folder, env={**kept, **settings}, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, said, used.ru_utime + used.ru_stime


def test_check_reports_the_same_as_json(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIERBOT_DATABASE_URL", "postgresql://bot:canary@127.0.0.1:1/tierbot")
    monkeypatch.setattr(sys, "argv", ["tierbot", "check", "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert "postgresql://bot:***@127.0.0.1:1/tierbot cannot be opened: " in problem
    assert "Connection refused" in problem
    assert ended.value.code == 2
