"""`make check` runs the tests that belong to what has changed."""

import pytest

from tests.changed import ALWAYS, GUARDS, ROOT, chosen, mirror_of


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("bot/services/ask/lookup.py", "tests/services/ask/test_lookup.py"),
        ("bot/services/ask/holds.py", "tests/services/ask"),
        ("grading/engine/movement.py", "tests/grading/engine/test_movement.py"),
        ("db/engine.py", "tests/db/test_engine.py"),
        ("bot/jobs.py", "tests/test_jobs.py"),
        ("templates/messages/why.jinja", "tests/wording"),
        ("grading/schemes/orders_only.yaml", "tests/grading/scheme"),
        ("docs/care.md", "tests/test_docs.py"),
        ("tests/cli/test_outbox.py", "tests/cli/test_outbox.py"),
        ("tests/services/imports/conftest.py", "tests/services/imports"),
        ("LICENSE", None),
    ],
)
def test_a_changed_file_leads_to_its_tests(changed: str, tests: str | None) -> None:
    assert mirror_of(changed) == tests


def test_the_guards_of_a_folder_run_too() -> None:
    assert "tests/slack/test_blocks.py" in chosen(["bot/wording/messages.py"])
    assert "tests/services/grade/test_computed.py" in chosen(["docs/importing.md"])
    assert all((ROOT / guard).exists() for guards in GUARDS.values() for guard in guards)


def test_tests_that_start_browsers_or_processes_are_left_out() -> None:
    assert chosen(["tests/e2e/test_story.py", "tests/faults/test_faults.py"]) == [*ALWAYS]
