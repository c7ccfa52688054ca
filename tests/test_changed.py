"""`make check` runs the tests that belong to what has changed."""

import pytest

from tests.changed import ALWAYS, chosen, mirror_of


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


def test_mirror_of_browsers_and_processes_are_left_out() -> None:
    assert chosen(["tests/e2e/test_story.py", "tests/faults/test_faults.py"]) == [*ALWAYS]
