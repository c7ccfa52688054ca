"""A digest in Slack follows the complaints that it shows, whoever acts on them and in whichever way."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.clock import FixedClock
from bot.errors import Conflict
from bot.services.care import complaints
from bot.services.imports import ImportOptions, import_file, undo
from bot.wording.care.complaints import ComplaintReport
from bot.wording.care.digest import CareDigest
from bot.wording.rendering import Renderer
from db.book.customers import Customer
from db.care import complaints as stored
from db.engine import Database
from tests import factories
from tests.conftest import OpenAnother, on_sqlite
from tests.services.book import MONDAY, at, rules
from tests.services.care.test_complaints import Office

DAY = timedelta(days=1)
OPERATOR = factories.operator("mia@example.com")
HEAD = "id,customer,date,kind,closed,outcome\n"


@pytest.fixture
def office(database: Database) -> Office:
    office = Office(database, rules=rules(), clock=FixedClock(at(MONDAY, 9)))
    office.fill()
    return office


def shown(office: Office) -> list[tuple[str, int, str | None]]:
    """State, number of steps and last step of each complaint of the digest that was drawn; fails unless it was one."""
    (message,) = office.redrawn()
    assert isinstance(message, CareDigest)
    return [(row.state, row.steps, row.last_step) for row in message.complaints]


def stand(office: Office) -> None:
    """The digest of Tuesday stands in Slack and shows the complaint."""
    (row,) = office.digest(MONDAY + DAY)[1].complaints
    assert row.is_open
    office.stand()
    assert office.redrawn() == []


ACTS: dict[str, tuple[Callable[[Office], object], list[tuple[str, int, str | None]]]] = {
    "a step of somebody else": (
        lambda office: office.step(by="Lin"),
        [("open", 1, "New seals are on the way.")],
    ),
    "closed by somebody else": (lambda office: office.close(by="Ops"), [("closed", 0, None)]),
    "another kind": (lambda office: office.record(kind="delivery"), [("open", 0, None)]),
}


@on_sqlite
@pytest.mark.parametrize("act", ACTS)
def test_a_digest_shows_what_has_become_of_a_complaint_whoever_acted(office: Office, act: str) -> None:
    office.record()
    stand(office)
    how, become = ACTS[act]
    how(office)
    assert shown(office) == become
    assert office.redrawn() == []


@on_sqlite
def test_what_is_taken_back_leaves_the_digest_as_it_was(office: Office) -> None:
    office.record()
    stand(office)
    office.close()
    assert shown(office) == [("closed", 0, None)]
    office.undo()
    assert shown(office) == [("open", 0, None)]


@on_sqlite
def test_a_complaint_that_is_taken_back_goes_from_the_digest(office: Office) -> None:
    office.clock.advance(at(MONDAY + DAY, 8, 55) - office.clock.now())
    office.record()
    stand(office)
    office.undo()
    assert shown(office) == []


@on_sqlite
def test_a_report_to_the_manager_shows_what_has_become_of_its_complaints(office: Office) -> None:
    office.record(kind="safety")
    office.record(kind="safety", form="view:2", what="It was too loud.")
    office.told(MONDAY)
    office.stand()

    def drawn() -> list[tuple[str, int, str | None, str | None]]:
        (message,) = office.redrawn()
        assert isinstance(message, ComplaintReport)
        return [(row.state, row.steps, row.by and row.by.name, row.outcome) for row in message.rows]

    office.act(complaints.add_step, of=1, text="New seals are on the way.")
    assert drawn() == [("open", 1, None, None), ("open", 0, None, None)]
    office.act(complaints.close, of=1, outcome="Replaced.", agreed="yes")
    assert drawn() == [("closed", 1, "Anna", "Replaced."), ("open", 0, None, None)]
    office.act(complaints.undo, of=1)
    assert drawn()[0] == ("open", 1, None, None)


@on_sqlite
@pytest.mark.parametrize(
    ("language", "line"), [("en", "Closed by <@U0ANNA>: Replaced."), ("zh", "Replaced.")]
)
def test_a_closed_complaint_in_a_report_says_how_it_ended(office: Office, language: str, line: str) -> None:
    office.record(kind="safety")
    office.told(MONDAY)
    office.stand()
    office.close()
    (message,) = office.redrawn()
    body = "\n".join(Renderer().slots(message, language).body)
    assert line in body
    assert ("Handled by" in body, "处理人" in body) == (False, False)


def bring(office: Office, folder: Path, rest: str) -> int:
    """Import a file with one complaint of ACME; the number of the import."""
    with office.database.read() as session:
        code = session.get_one(Customer, office.acme).code
    row = f"K1,{code},{MONDAY:%Y-%m-%d},quality,{rest}\n"
    (folder / "complaints.csv").write_text(HEAD + row, encoding="utf-8")
    done = import_file(
        office.database,
        kind="complaints",
        path=folder / "complaints.csv",
        clock=office.clock,
        actor=OPERATOR,
        options=ImportOptions(),
        rejects_dir=folder,
    )
    return done.batch_id or 0


def test_a_file_that_closes_a_complaint_and_its_undoing_are_shown(office: Office, tmp_path: Path) -> None:
    bring(office, tmp_path, ",")
    stand(office)
    closing = bring(office, tmp_path, f"{MONDAY + DAY:%Y-%m-%d},Repaired")
    assert shown(office) == [("closed", 0, None)]
    undo(office.database, closing, clock=office.clock, actor=OPERATOR)
    assert shown(office) == [("open", 0, None)]


@on_sqlite
def test_a_complaint_whose_file_is_taken_back_goes_from_the_digest(office: Office, tmp_path: Path) -> None:
    first = bring(office, tmp_path, ",")
    stand(office)
    undo(office.database, first, clock=office.clock, actor=OPERATOR)
    assert shown(office) == []


@on_sqlite
@pytest.mark.parametrize(("act", "was"), [("step", ","), ("close", ","), ("reopen", f"{MONDAY},Repaired")])
def test_a_file_is_not_taken_back_once_somebody_has_worked_on_its_complaints(
    office: Office, tmp_path: Path, act: str, was: str
) -> None:
    first = bring(office, tmp_path, was)
    office.clock.advance(DAY)
    office.act(complaints.reopen, by="Lin") if act == "reopen" else getattr(office, act)(by="Lin")
    with pytest.raises(
        Conflict, match=r"steps to complaints of it, closed them or opened them again since \(1, first K1\)"
    ):
        undo(office.database, first, clock=office.clock, actor=OPERATOR)
    assert office.complaint().external_id == "K1"


@on_sqlite
def test_a_file_that_closed_a_complaint_is_not_taken_back_once_somebody_has_closed_it_anew(
    office: Office, tmp_path: Path
) -> None:
    bring(office, tmp_path, ",")
    closing = bring(office, tmp_path, f"{MONDAY:%Y-%m-%d},Repaired")
    office.clock.advance(DAY)
    office.act(complaints.reopen)
    office.close(by="Lin")
    with pytest.raises(Conflict, match="closed them or opened them again since"):
        undo(office.database, closing, clock=office.clock, actor=OPERATOR)
    assert office.complaint().outcome == "Replaced."


def test_a_complaint_that_is_closed_while_the_digest_is_written_is_closed_in_the_digest(
    open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(open_another(), rules=rules(), clock=FixedClock(at(MONDAY, 9)))
    office.fill()
    office.record()
    other = replace(office, database=open_another())
    closing = threading.Thread(target=lambda: other.close(by="Lin"))
    write_links = stored.link

    def link(*given: Any) -> None:
        closing.start()
        closing.join(0.3)  # ends only where nothing keeps it waiting
        write_links(*given)

    monkeypatch.setattr(stored, "link", link)
    office.digest(MONDAY + DAY)
    closing.join(30)
    office.stand()
    assert shown(office) == [("closed", 0, None)]
