"""Complaints of a simulated year: every one is settled by its deadline, or the manager hears of it."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from sqlmodel import Session, col, select

from bot.clock import local_date
from bot.services.care import complaints
from bot.services.care.complaints import Report
from bot.services.care.working_time import WorkingTime
from bot.services.imports import ImportOptions, import_file
from bot.wording.actions import Pointer
from bot.wording.care.complaints import ComplaintLogged, ComplaintRow
from bot.wording.care.digest import CareDigest
from db.book.customers import Customer
from db.book.facts import Activity, ContactKind
from db.care.records.complaints import Complaint, ComplaintMessage, ComplaintRole
from tests import factories
from tests.simulation.care_people import AT_ONCE, Answer, Colleague, Received
from tests.simulation.parts.part import Part

if TYPE_CHECKING:
    from tests.simulation.care_account import Reading, Told
    from tests.simulation.care_year import Year

A_DAY = timedelta(days=1)
CUSTOMERS_A_FORM = 150  # one complaint is recorded each day for so many customers
CUSTOMERS_A_ROW = 50  # and each Monday a file has a new one for so many
MOST_DAYS = 20  # that a slow person takes
KINDS = ("quality", "delivery", "service", "invoice", "other")
SOURCE = "helpdesk"
ROLES = (ComplaintRole.OPENED, ComplaintRole.LATE)


@dataclass(kw_only=True)
class Recorded:
    """A complaint as this year knows it, whatever the product has stored."""

    customer: int
    reported_on: date
    recorded_on: date
    is_promised: bool = False  # whoever recorded it was told that the manager hears of it
    handler: int | None = None
    deadline: date | None = None  # where it was written, not counted
    closed_on: date | None = None


class Complaints(Part):
    """Complaints from forms and files, handled by the prompt, by the slow sometimes late, by others never."""

    columns: ClassVar = {
        "complain": "complaints",
        "c. done": "complaints closed in time",
        "c. late": "complaints closed late",
        "c. open": "complaints open in time",
        "c. told": "complaints open late and told",
    }

    def __init__(self, year: "Year") -> None:
        super().__init__(year)
        self.recorded: dict[str, Recorded] = {}  # by the id that it was recorded with
        self._forms = 0

    def live(self, today: date) -> None:
        for customer in self.some_customers(CUSTOMERS_A_FORM):
            self._fill_in(customer, today)
        if today.weekday() == 0:
            self._import(today)

    def _fill_in(self, customer: int, today: date) -> None:
        """An account manager records a complaint; some send the form twice, some take it back at once."""
        actor, now = self.year.actor_for(customer), self.year.clock.now()
        reported = min(today, actor.today(now)) - self.rng.randrange(4) * A_DAY
        deadline = reported + self.rng.randrange(2, 20) * A_DAY if self.rng.random() < 0.3 else None
        self._forms += 1
        key = f"view:{self._forms}"
        lead = self.lead_sometimes(customer)
        report = Report(
            kind=self.rng.choice(KINDS),
            reported_on=reported,
            what=f"Complaint {self._forms}",
            handler=lead.slack_user_id if lead else None,
            deadline=deadline,
        )
        for _ in range(1 + (self.rng.random() < 0.2)):
            acted = complaints.record_complaint(
                *(self.year.database, actor, report),
                meant=customer,
                source="slack",
                external_id=key,
                rules=self.year.rules,
                settings=self.year.presses.settings,
                now=now,
            )
        said = acted.message
        assert isinstance(said, ComplaintLogged)
        if self.rng.random() < 0.1:
            button = Pointer(id=said.complaint_id, version=said.version)
            self.year.presses.press(
                lambda: complaints.undo(self.year.database, actor, button, **self.year.presses.pressed(now))  # type: ignore[arg-type]
            )
            return
        self.recorded[key] = Recorded(
            customer=customer,
            reported_on=reported,
            recorded_on=today,
            is_promised=said.told,
            handler=lead.person_id if lead else None,
            deadline=deadline,
        )

    def _import(self, today: date) -> None:
        """A file of new complaints, some of them closed already, and of older ones that are closed by now."""
        changed = []
        for customer in self.some_customers(CUSTOMERS_A_ROW):
            key = f"H{len(self.recorded)}"
            reported = today - self.rng.randrange(1, 8) * A_DAY
            self.recorded[key] = Recorded(customer=customer, reported_on=reported, recorded_on=today)
            changed.append(key)
        ours = [key for key, one in self.recorded.items() if key.startswith("H") and one.closed_on is None]
        for key in ours:
            if self.rng.random() < 0.15:
                self.recorded[key].closed_on = today - A_DAY
                changed.append(key)
        if changed:
            self._bring(sorted(set(changed)))

    def _bring(self, keys: list[str]) -> None:
        with self.year.database.read() as session:
            codes = dict(session.exec(select(Customer.id, Customer.code)).all())
        with TemporaryDirectory() as folder:
            path = Path(folder) / "complaints.csv"
            with path.open("w", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(("id", "customer", "date", "kind", "what", "closed"))
                for key in keys:
                    one = self.recorded[key]
                    rows.writerow((key, codes[one.customer], one.reported_on, "quality", key, one.closed_on))
            report = import_file(
                self.year.database,
                kind="complaints",
                path=path,
                clock=self.year.clock,
                actor=factories.operator(),
                options=ImportOptions(source=SOURCE),
                rejects_dir=Path(folder),
            )
        assert not report.rejected, report

    def answers(self, colleague: Colleague, received: Received) -> Iterator[tuple[datetime, Answer]]:
        if colleague.kind == "never" or not isinstance(received.message, CareDigest):
            return
        for row in received.message.complaints:
            at = received.at + AT_ONCE
            closes = row.steps > 0
            if colleague.kind == "slow":
                if self.rng.random() < 0.7:
                    continue
                at += self.rng.randrange(MOST_DAYS) * A_DAY
                closes = self.rng.random() < 0.5
            yield at, self._answer(colleague, row, closes=closes)

    def _answer(self, colleague: Colleague, row: ComplaintRow, *, closes: bool) -> Answer:
        return lambda now: self._act(colleague, row.complaint_id, now, closes=closes)

    def _act(self, colleague: Colleague, complaint_id: int, now: datetime, *, closes: bool) -> None:
        """Add a step, or close the complaint, as the message in Slack shows it by then."""
        database, presses = self.year.database, self.year.presses
        with database.read() as session:
            found = session.get(Complaint, complaint_id)
        if found is None or found.closed_on is not None:
            return
        actor, button = presses.actor(colleague, now), Pointer(id=complaint_id, version=found.version)
        pressed: dict[str, Any] = presses.pressed(now)
        if not closes:
            presses.press(
                lambda: complaints.add_step(database, actor, button, text="Looked at it", **pressed)
            )
            return
        closing: dict[str, Any] = {
            "outcome": "Replaced",
            "agreed": self.rng.choice(("yes", "no", "not_asked")),
        }
        if presses.press(lambda: complaints.close(database, actor, button, **closing, **pressed)):
            self.recorded[found.external_id].closed_on = actor.today(now)

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        with self.year.database.read() as session:
            stored = {one.external_id: one for one in session.exec(select(Complaint))}
            of_kind = select(Activity.external_id).where(Activity.kind == ContactKind.COMPLAINT)
            of_kind = of_kind.where(col(Activity.source) != "test")  # not the contacts of other days
            counted = set(session.exec(of_kind))
            told = _told(session, reading)
        if set(stored) != set(self.recorded) or counted != set(self.recorded):
            yield f"complaints {set(stored) ^ set(self.recorded)} or activities {counted ^ set(self.recorded)} differ"
            return
        for key, one in self.recorded.items():
            yield from self._wrong_with(f"complaint {key}", one, stored[key], told, reading, count)

    def _leads(self, reading: "Reading", customer: int) -> set[int | None]:
        """Who may have been told then: of a customer that changed hands, the lead of an earlier account manager too."""
        if customer in self.year.changed_hands:
            return set(reading.leads.values())
        return {reading.leads.get(customer)}

    def _wrong_with(
        self,
        name: str,
        one: Recorded,
        stored: Complaint,
        told: dict[tuple[int, str], list["Told"]],
        reading: "Reading",
        count: Counter[str],
    ) -> Iterator[str]:
        deadline = stored.deadline
        if deadline is None or stored.closed_on != one.closed_on or deadline != (one.deadline or deadline):
            yield f"{name}: stored as due on {deadline}, closed on {stored.closed_on}, expected {one}"
            return
        today = local_date(reading.end, reading.zone)
        until = one.closed_on or today
        opened, late = (told.get((stored.id or 0, role), []) for role in ROLES)
        was = "closed" if one.closed_on else "open"
        is_late = until > deadline
        count["complaints"] += 1
        if one.closed_on or not is_late:
            count[f"complaints {was} {'late' if is_late else 'in time'}"] += 1
        elif late:
            count["complaints open late and told"] += 1
        if len(late) > 1 or len(opened) > 1:
            yield f"{name}: the manager was told {len(opened)} and {len(late)} times"
        working = [reading.working_of(lead) for lead in self._leads(reading, one.customer)]
        told_in = [reading.working_of(late[0].recipient)] if late else working
        last = _next_working_day(told_in, max(deadline + A_DAY, one.recorded_on)) + A_DAY  # zones differ
        if late and not deadline < local_date(late[0].at, told_in[0].zone) <= last:
            yield f"{name}: the manager was told at {late[0].at}, not by {last}"
        if is_late and not late and last < until:
            count["silent"] += 1
            yield f"{name}: its deadline passed on {deadline}, and the manager was not told by {last}"
        # Within the lead's hours and once an hour: what comes late on a working day is told on the next one.
        promised = _next_working_day(working, one.recorded_on + A_DAY) + A_DAY
        if one.is_promised and not opened and not late and promised < until:
            count["silent"] += 1
            yield f"{name}: the manager was to be told of it, and was not by {promised}"
        reader = one.handler or reading.owners[one.customer]
        for day in self.mornings_without(one.customer, reader, one.recorded_on + A_DAY, until, reading):
            count["silent"] += 1
            yield f"{name}: open on {day}, and person {reader} had no digest"


def _next_working_day(of: Iterable[WorkingTime], day: date) -> date:
    """The first day, from a day on, by which each of them has worked."""
    return max(one.next_working_day(day) for one in of)


def _told(session: Session, reading: "Reading") -> dict[tuple[int, str], list["Told"]]:
    """(complaint, role) -> the messages that say so."""
    found: dict[tuple[int, str], list[Told]] = {}
    for link in session.exec(select(ComplaintMessage)):
        if reading.is_sent(link.outbox_id):
            found.setdefault((link.complaint_id, link.role), []).append(
                reading.message(link.outbox_id, link.role)
            )
    return found
