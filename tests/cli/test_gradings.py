"""`grade` on the command line says whom its changes do not reach."""

from datetime import date
from pathlib import Path

import pytest

from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command, Output

JANUARY, FEBRUARY = date(2026, 1, 31), date(2026, 2, 10)
UNREACHED = "Customers whose owner has no Slack user, and gets no direct message: 1."


@pytest.mark.parametrize(
    ("in_slack", "messages", "said"),
    [(False, "0 messages go out.", True), (True, "1 message goes out.", False)],
)
def test_an_owner_whom_no_direct_message_reaches_is_counted(
    file: Path, command: Command, tierbot: Output, in_slack: bool, messages: str, said: bool
) -> None:
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        factories.scheme(session)
        anna = factories.person(session, "Anna", slack=in_slack)
        acme = factories.customer(session, "ACME", owner_id=anna)
        for field in ("quality", "service"):
            factories.fact(session, acme, field, 50)
    assert UNREACHED not in tierbot("grade", "--as-of", str(JANUARY))
    with database.write() as session:
        factories.fact(session, acme, "quality", 90, FEBRUARY)
    database.close()
    assert UNREACHED not in tierbot("grade", "--as-of", "2026-02-28", "--dry-run")
    graded = command("grade", "--as-of", "2026-02-28")
    assert f"1 customer changed tier, {messages}" in graded.output
    assert (UNREACHED in graded.output) == said
