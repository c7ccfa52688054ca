"""At each start the log and the audit say which settings changed, and nothing of secrets."""

import json
from typing import Any

import pytest
import structlog

from bot.services.care.plan_file import load_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.ops import settings_changes
from bot.settings import Settings, variable
from db import processes
from db.engine import Database
from tests import factories
from tests.recorded import recorded

PLANS = CarePlans((load_plan(None),))
SECRETS = {
    "SLACK_BOT_TOKEN": ("xoxb-one-first", "xoxb-two-second"),
    "SLACK_SIGNING_SECRET": ("5" * 32, "6" * 32),
    "TIERBOT_DATABASE_URL": ("postgresql://a:pw-one@h/n", "postgresql://a:pw-two@h/n"),
}


def start(
    database: Database, role: str = "all", plan: Any = PLANS, **values: Any
) -> tuple[list[str], list[Any]]:
    """The variables that changed, and the lines of the log."""
    with structlog.testing.capture_logs() as logs:
        changed = settings_changes.note_start(database, Settings(_env_file=None, **values), plan, role)
    return changed, logs


def test_the_first_start_says_what_differs_from_the_defaults_and_the_next_what_changed_since(
    database: Database,
) -> None:
    assert start(database, TIERBOT_LANGUAGE="zh")[0] == ["TIERBOT_LANGUAGE"]
    assert start(database, TIERBOT_LANGUAGE="zh") == ([], [])
    changed, (line,) = start(database, TIERBOT_LANGUAGE="en", TIERBOT_REMIND_AT="09:00")
    assert changed == ["TIERBOT_LANGUAGE"]
    assert (line["event"], line["setting"], line["before"], line["after"]) == (
        "setting.changed",
        "TIERBOT_LANGUAGE",
        "zh",
        "en",
    )
    row = recorded(database, "settings_changed")[-1]
    assert (row.actor, row.object) == ("tierbot", "setting TIERBOT_LANGUAGE")
    assert (row.before, row.after) == ('{"value":"zh"}', '{"value":"en"}')


def test_processes_of_another_role_have_settings_of_their_own(database: Database) -> None:
    assert start(database, "web", TIERBOT_PORT="3100")[0] == ["TIERBOT_PORT"]
    assert start(database, "worker")[0] == []
    assert start(database, "web", TIERBOT_PORT="3100")[0] == []


@pytest.mark.parametrize("name", SECRETS)
def test_of_a_secret_only_that_it_changed_is_said_and_nothing_is_stored(
    database: Database, name: str
) -> None:
    first, second = SECRETS[name]
    said: list[Any] = []
    for value, changes in ((first, True), (first, False), (second, True), (second, False)):
        changed, logs = start(database, **{name: value})
        assert changed == ([name] if changes else [])
        said += logs
    assert [row.after for row in recorded(database, "settings_changed")] == ['{"changed":true}'] * 2
    with database.read() as session:
        stored = processes.cursor(session, "settings all") or ""
    for secret in (first, second, "pw-one", "pw-two"):
        assert secret not in stored + repr(said) + repr(recorded(database))


def test_every_setting_that_is_a_secret_is_hidden() -> None:
    hidden = {variable(name) for name in Settings.model_fields if settings_changes._is_hidden(name)}
    assert hidden >= {*SECRETS, "SLACK_APP_TOKEN", "TIERBOT_ADMINS"}
    named = {name for name in map(variable, Settings.model_fields) if "TOKEN" in name or "SECRET" in name}
    assert {name for name in named if not name.endswith("_FILE")} <= hidden


def test_admins_are_named_by_their_ids_and_not_by_their_addresses(database: Database) -> None:
    with database.write() as session:
        anna = factories.person(session, "Anna")
    changed, logs = start(database, TIERBOT_ADMINS="anna@example.com,new@example.com")
    assert changed == ["TIERBOT_ADMINS"]
    (row,) = recorded(database, "settings_changed")
    assert json.loads(row.after or "") == {"people": [anna], "not_in_the_book": 1}
    with database.read() as session:
        assert "example.com" not in (processes.cursor(session, "settings all") or "") + repr(logs)


def test_a_care_plan_that_changed_is_recorded_by_its_hash(database: Database) -> None:
    start(database)
    assert start(database) == ([], [])
    (only,) = PLANS.plans
    other = only.model_copy(update={"at_most_per_day": only.at_most_per_day + 1})
    start(database, plan=CarePlans((other,)))
    first, second = recorded(database, "care_plan_changed")
    assert (first.before, second.before) == (None, first.after)
    assert first.after != second.after
