"""What people read in Slack changes only where the diff of the stored messages shows it."""

import pytest

from tests.slack.stored import FOLDER, stored

NOW = stored()


def test_each_message_is_stored_and_no_other() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(NOW)


@pytest.mark.parametrize("name", NOW)
def test_a_message_is_as_it_was_stored(name: str) -> None:
    kept = (FOLDER / name).read_text(encoding="utf-8")
    assert NOW[name] == kept, "Look at the change; `python -m tests.slack.stored` stores it."
