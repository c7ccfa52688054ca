"""Secrets come from variables or from files; what is wrong with a file is said without quoting what is in it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import settings
from bot.app import secrets_in
from bot.errors import BadInput
from bot.services.ops.checks import check_all

VALUES = {
    "TIERBOT_DATABASE_URL": "postgresql://bot:canary-7@db/tierbot",
    "SLACK_BOT_TOKEN": "xoxb-canary-7",
    "SLACK_APP_TOKEN": "xapp-canary-7",
    "SLACK_SIGNING_SECRET": "canary-7",
    "SLACK_SIGNING_SECRET_PREVIOUS": "canary-6",
}
VARIABLES = pytest.mark.parametrize("variable", VALUES)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, _, _ in settings.variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", VALUES["SLACK_SIGNING_SECRET"])
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret"


def name_file(monkeypatch: pytest.MonkeyPatch, variable: str, file: Path) -> None:
    monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(f"{variable}_FILE", str(file))


def value_of(loaded: settings.Settings, variable: str) -> str:
    secret = getattr(loaded, variable.removeprefix("TIERBOT_").lower())
    found: str = secret.get_secret_value()
    return found


def test_every_secret_may_stand_in_a_file() -> None:
    secret = {
        name for name, field in settings.Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert secret == set(settings.SECRETS) == {name.removeprefix("TIERBOT_").lower() for name in VALUES}


@VARIABLES
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"], ids=repr)
def test_a_secret_in_a_file_is_the_same_as_in_the_variable(
    variable: str, end: str, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    file.write_bytes((VALUES[variable] + end).encode())
    name_file(monkeypatch, variable, file)
    loaded = settings.load()
    assert value_of(loaded, variable) == VALUES[variable]
    assert "canary" not in repr(loaded)
    hidden = VALUES[variable] if variable != "TIERBOT_DATABASE_URL" else "canary-7"
    assert hidden in secrets_in(loaded)


def test_a_file_is_named_in_dotenv_too_and_an_empty_name_is_none(tmp_path: Path, file: Path) -> None:
    file.write_text("xoxb-7\n", encoding="utf-8-sig")
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN_FILE=secret\nSLACK_APP_TOKEN_FILE=\n", encoding="utf-8")
    loaded = settings.load()
    assert value_of(loaded, "SLACK_BOT_TOKEN") == "xoxb-7"
    assert loaded.slack_app_token is None


WRONG = {
    "missing": (None, "does not exist; write the secret into it"),
    "empty": (b" \n", "is empty; write the secret into it"),
    "several lines": (b"xoxb-canary\nxoxb-canary\n", "has more than one line"),
    "much too long": (b"x" * 70_000, "has more than one line"),
    "not text": (b"xoxb-\xff\xfecanary", "is not text"),
    "of another kind": (b"xapp-canary", "are two swapped?"),
}


@pytest.mark.parametrize(("content", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_file_is_said_without_its_content(
    content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    if content is not None:
        file.write_bytes(content)
    name_file(monkeypatch, "SLACK_BOT_TOKEN", file)
    with pytest.raises(BadInput) as refused:
        settings.load()
    text = refused.value.text()
    assert text.startswith("Settings: SLACK_BOT_TOKEN: ")
    assert said in text
    assert "canary" not in text
    assert settings.usable().slack_bot_token is None  # so that `check` goes on


@pytest.mark.parametrize(
    ("place", "said"), [(".", "is a folder"), ("secret/token", "cannot be read: Not a directory")]
)
def test_a_place_that_is_no_file_is_refused(
    place: str, said: str, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    file.write_text("canary")
    name_file(monkeypatch, "SLACK_BOT_TOKEN", file.parent / place)
    with pytest.raises(BadInput, match=said):
        settings.load()


@VARIABLES
def test_a_secret_that_is_set_twice_is_refused(
    variable: str, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    file.write_text(VALUES[variable])
    name_file(monkeypatch, variable, file)
    monkeypatch.setenv(variable, VALUES[variable])
    with pytest.raises(BadInput) as refused:
        settings.load()
    assert f"{variable}: is set, and so is {variable}_FILE; remove one of them" in refused.value.text()
    assert "canary" not in refused.value.text()


def test_the_secret_before_a_change_is_refused_without_the_present_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SLACK_SIGNING_SECRET")
    monkeypatch.setenv("SLACK_SIGNING_SECRET_PREVIOUS", "canary-6")
    with pytest.raises(BadInput, match="SLACK_SIGNING_SECRET_PREVIOUS is set without SLACK_SIGNING_SECRET"):
        settings.load()


def test_check_names_a_file_that_others_may_read_and_a_secret_that_should_go(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    file.write_text("canary-6")
    name_file(monkeypatch, "SLACK_SIGNING_SECRET_PREVIOUS", file)
    for mode, named in ((0o644, True), (0o400, False)):
        os.chmod(file, mode)
        notices = "\n".join(map(str, check_all(pytest.fail, datetime(2026, 5, 4, tzinfo=UTC)).notices))
        assert (
            f"{file} has mode 0644: other accounts of this machine may read the secret" in notices
        ) is named
        assert "Remove it five minutes after the change." in notices
