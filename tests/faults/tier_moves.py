"""Many moves of tier, and many of one customer: F34 and F35, with several schedulers at the same time."""

import time
from collections import Counter
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from db.book.customers import Customer
from db.book.facts import Fact
from db.book.imports import ImportBatch
from db.engine import Database
from tests import factories
from tests.faults.installation import Installation, utc
from tests.faults.report import Outcome
from tests.faults.schedulers import tick_together
from tests.faults.slack import CHANNELS, CROWD

DAY = timedelta(days=1)
FIRST = date(2026, 3, 2)  # a Monday
PERIOD_BEFORE = date(2026, 1, 31)  # so that February is due to be graded in the first pass
PROCESSES = 2
# What the plain scheme says of movement in F35 -> its key, and how many alerts 50 days of crossing may bring.
RULES = {
    "margin": ("{margin_up: 3, margin_down: 3}", 1),
    "confirmation": ("{confirm_up: 2, confirm_down: 2}", 1),
    "dwell": ("{min_dwell: 3}", 1),
}
HIGH, LOW = 72, 68  # either side of the boundary of A at 70, nearer than the margin


def storm(installation: Installation, *, quick: bool) -> Outcome:
    """F34: a scheme with other boundaries moves every customer at once, and makes a step of each of them due."""
    customers, owners = (300, 6) if quick else (5_000, len(CROWD))
    outcome = Outcome(figures={})
    installation.using(lambda database: _fill(database, customers, owners))
    began = time.monotonic()
    moments = [utc(2026, 3, day, hour) for day in (2, 3) for hour in (8, 9, 10)]
    outcome.require(tick_together(installation, PROCESSES, moments), "the schedulers did not end well")
    took = time.monotonic() - began
    query = installation.query
    changes = query("SELECT customer_id, outbox_id FROM tier_change")
    sent = dict(query("SELECT id, state FROM outbox"))
    outcome.require(len(changes) == customers, f"{len(changes)} of {customers} changes are recorded")
    outcome.require(len(set(changes)) == len({row[0] for row in changes}), "a change is recorded twice")
    silent = sum(sent.get(row[1]) != "sent" for row in changes)
    outcome.require(not silent, f"{silent} changes are in no message that was sent")
    places = Counter(query("SELECT kind, channel, recipient, substr(dedupe_key, 1, 40) FROM outbox"))
    outcome.require(max(places.values()) == 1, f"two messages of a kind: {places.most_common(1)}")
    for kind in ("tier_change", "own_tier_change"):
        heard = Counter(query(f"SELECT channel, recipient FROM outbox WHERE kind = '{kind}'"))  # noqa: S608
        outcome.figures[kind] = heard.total()
        outcome.require(bool(heard) and max(heard.values()) == 1, f"{kind}: {heard.most_common(1)}")
    digests = Counter(
        (recipient, key[-10:])
        for recipient, key in query("SELECT recipient, dedupe_key FROM outbox WHERE kind = 'care_digest'")
    )
    outcome.require(bool(digests) and max(digests.values()) == 1, f"digests: {digests.most_common(1)}")
    opened = query(
        "SELECT count(*) FROM touch WHERE step = 'revisit' AND state IN ('planned', 'reminded', 'snoozed')"
    )[0][0]
    outcome.require(opened == customers, f"{opened} of {customers} revisits are open")
    unsent = sum(state != "sent" for state in sent.values())
    outcome.require(not unsent, f"{unsent} messages not sent")
    copies = Counter(post.id for post in installation.slack.arrived())
    outcome.require(copies == Counter(sent.keys()), "Slack has other messages than the rows say")
    failures = installation.failures()
    outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    outcome.figures = {
        "changes": len(changes),
        "messages": len(sent),
        **outcome.figures,
        "digests": digests.total(),
        "s": round(took),
    }
    return outcome


def flapping(installation: Installation, *, quick: bool) -> Outcome:
    """F35: a customer crosses the boundary of a tier every day; without a rule of movement each time is an alert."""
    days = 12 if quick else 50
    outcome = Outcome(figures={"days": days})
    for name, (movement, most) in {"no rule": ("{}", days), **RULES}.items():
        with installation.fresh(installation.seed) as here:
            here.using(lambda database, movement=movement: _one_customer(database, movement))
            moments = [utc(FIRST.year, FIRST.month, FIRST.day, 10) + number * DAY for number in range(days)]
            outcome.require(tick_together(here, PROCESSES, moments, _cross), f"{name}: did not end well")
            alerts = here.query("SELECT count(*) FROM outbox WHERE kind = 'tier_change'")[0][0]
            outcome.figures[name] = alerts
            outcome.require(alerts <= most, f"{name}: {alerts} alerts")
            if name == "no rule":
                outcome.require(alerts > days // 2, f"without a rule only {alerts} alerts: nothing crosses")
            failures = here.failures()
            outcome.require(not failures, f"passes failed: {failures.most_common(1)}")
    return outcome


def _fill(database: Database, customers: int, owners: int) -> None:
    """Customers that are in B by the scheme, and in A by the one that follows it."""
    with database.write() as session:
        teams = [
            factories.team(session, f"Team {number}", channel=CHANNELS[number].id) for number in range(5)
        ]
        people = [
            factories.person(session, CROWD[number].name, slack=False, team_id=teams[number % 5])
            for number in range(owners)
        ]
        tiers = {}
        for number in range(customers):
            owner = people[number % owners]
            customer = factories.customer(session, f"Customer {number}", owner_id=owner)
            for field in ("quality", "service"):
                factories.fact(session, customer, field, 60)
            factories.contact(session, customer, FIRST - 35 * DAY, "call")  # due in 30 days in A, in 60 in B
            tiers[customer] = "B"
        factories.graded(session, tiers, as_of=PERIOD_BEFORE)
        text = factories.PLAIN_SCHEME.replace("version: 1", "version: 2").replace("at: 70", "at: 55")
        factories.scheme(session, text, effective_from=PERIOD_BEFORE + DAY)


def _one_customer(database: Database, movement: str) -> None:
    with database.write() as session:
        owner = factories.person(session, CROWD[0].name, slack=False)
        customer = factories.customer(session, "Flap", owner_id=owner)
        for field in ("quality", "service"):
            factories.fact(session, customer, field, HIGH, PERIOD_BEFORE)
        text = factories.PLAIN_SCHEME.replace("tiers:", f"movement: {movement}\ntiers:", 1)
        factories.graded(session, {customer: "A"}, as_of=FIRST - 2 * DAY, text=text)


def _cross(database: Database, number: int) -> None:
    """An import brings a score on the other side of the boundary."""
    with database.write() as session:
        customer = session.exec(select(Customer.id)).one()
        value = str((LOW, HIGH)[number % 2])
        batch = _import(session, utc(FIRST.year, FIRST.month, FIRST.day) + number * DAY)
        for fact in session.exec(select(Fact).where(col(Fact.customer_id) == customer)):
            fact.value, fact.batch_id = value, batch


def _import(session: Session, now: datetime) -> int:
    batch = ImportBatch(
        kind="test", source="test", file_name="f", file_sha256="x", actor="a", started_at=now, published_at=now
    )  # fmt: skip
    session.add(batch)
    session.flush()
    return batch.id or 0
