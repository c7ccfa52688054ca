"""Every door asks for its right when it is gone through: role x act x object, and what happens in between."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlmodel import col, delete, select, update

from bot.errors import BotError, Hidden, NotAllowed, NotFound
from bot.services import access, identity, imports, proposals, staff
from bot.services.access import Act, Actor, can
from bot.services.ask import explanation, history, lookup, prospects, share, unmasked
from bot.services.ask.facts import recording as facts
from bot.services.ask.facts.recording import GivenFact
from bot.services.ask.facts.rights import recording_of
from bot.services.ask.prospects import GivenProspect
from bot.services.care import answers, complaints, gifts, handover, promises, surveys
from bot.services.care.answers import shown, steps
from bot.services.care.complaints import Report, listing, subject
from bot.services.care.gifts import NewGift
from bot.services.care.handover import GivenHandover
from bot.services.care.handover import subject as handover_subject
from bot.services.care.plan_file import SHIPPED
from bot.services.care.plan_versions import lifecycle as plan_lifecycle
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.plan_versions.lifecycle import PlanFile
from bot.services.care.promises import Given
from bot.services.care.promises import subject as promise_subject
from bot.services.care.surveys import SurveyAnswer
from bot.services.care.surveys import reversal as survey_reversal
from bot.services.care.surveys import views as survey_views
from bot.services.care.views import explanation as care_explained
from bot.services.contact_people import acts as people_acts
from bot.services.contact_people import views as people_views
from bot.services.delivery import outbox, restore, time_jump
from bot.services.grade import overrides, runs
from bot.services.grade.overrides import OverrideRequest
from bot.services.ops import audit_log
from bot.services.proposals import WantedTier
from bot.services.proposals import subject as proposal_subject
from bot.services.reports import credit, review
from bot.services.reports.credit import ApprovalRequest
from bot.services.schemes import lifecycle, status
from bot.services.schemes.store import SchemeFile
from bot.services.traits import acts as profile_acts
from bot.services.traits import views as profile_views
from bot.services.traits.fields import shipped_fields
from bot.services.trial import diff, proposal, replays
from bot.wording.actions import Action, Pointer
from bot.wording.messages import TierCard, Ungraded
from bot.wording.parts import MASKED
from db import traces
from db.book import customers, deputies
from db.book.by_hand.handovers import Handover
from db.book.customers import Customer, Ownership
from db.book.facts import Fact
from db.book.imports import ImportBatch
from db.book.people import Deputy, Person, Team, TeamView
from db.care.records.proposals import CustomerProposal, ProposalKind
from db.care.touches import Touch
from db.engine import Database
from db.processes import InboundKey
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import on_sqlite
from tests.services.book import MONDAY, SETTINGS, Book
from tests.services.test_identity import Slack

pytestmark = on_sqlite
FEBRUARY = date(2026, 2, 28)
MISSING = 999
SCHEME = SchemeFile(
    scheme=parse_scheme(factories.PLAIN_SCHEME, source="test"), text=factories.PLAIN_SCHEME, source="test"
)
CARE_PLAN: PlanFile = plan_lifecycle.read(SHIPPED)
PEOPLE = {  # name -> (role, team)
    "Gia": ("viewer", None),  # a step of Anna's customer was given to her
    "Anna": ("account_manager", "East"),
    "Olga": ("team_lead", "East"),
    "Ben": ("account_manager", "West"),
    "Cara": ("account_manager", "Care"),
    "Vic": ("viewer", "Care"),
    "Sam": ("sales_ops", None),
    "Finn": ("finance", None),
    "Ada": ("admin", None),
    "Dee": ("viewer", None),  # Anna's deputy
}


@dataclass
class Office:
    """Care sees East's customers, Olga leads East. Each of East, West and nobody has a customer with a reminder."""

    book: Book
    slack: Slack = field(default_factory=Slack)
    ids: dict[str, int] = field(default_factory=dict)
    owned: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = self.book.clock.now()
        with self.book.database.write() as session:
            teams = {name: factories.team(session, name) for name in ("East", "West", "Care")}
            for name, (role, team) in PEOPLE.items():
                team_id = teams.get(team or "")
                self.ids[name] = factories.person(session, name, role=role, team_id=team_id)
                self.slack.put(f"U0{name.upper()}", f"{name.lower()}@example.com")
            session.exec(update(Person).values(slack_checked_at=now))
            session.get_one(Team, teams["East"]).lead_id = self.ids["Olga"]
            session.add(TeamView(team_id=teams["Care"], seen_team_id=teams["East"]))
            anna, dee = self.ids["Anna"], self.ids["Dee"]
            session.add(Deputy(person_id=anna, deputy_id=dee, starts_at=now, ends_at=now + timedelta(days=1)))
            for owner in ("Anna", "Ben", None):
                called, owner_id = f"Of {owner}", self.ids.get(owner or "")
                self.owned[called] = factories.customer(session, called, owner_id=owner_id)
        self.book.grade(dict.fromkeys(self.owned.values(), "A"), as_of=FEBRUARY)
        self.book.plan()
        with self.database.write() as session:
            session.exec(
                update(Touch).where(col(Touch.customer_id) == self.acme).values(assignee_id=self.ids["Gia"])
            )

    @property
    def database(self) -> Database:
        return self.book.database

    @property
    def acme(self) -> int:
        return self.owned["Of Anna"]

    def actor(self, name: str) -> Actor:
        """A person as they are when they press."""
        return identity.identify(
            self.database, f"U0{name.upper()}", SETTINGS, self.slack, self.book.clock.now()
        )

    def touch(self, customer: int) -> Pointer:
        """What the buttons of a customer's reminder point at."""
        found = self.book.touches(customer)
        return Pointer(id=found[0].id or 0, version=found[0].version) if found else Pointer(id=MISSING)

    def give(self, actor: Actor, customer: int) -> object:
        return gifts.record_gift(
            self.database,
            actor,
            NewGift(what=f"Pen of {actor.name}", value=Decimal(1), currency="CNY", given_on=MONDAY),
            meant=customer,
            source="slack",
            external_id=f"gift{actor.name}{customer}",
            rules=self.book.rules,
            settings=SETTINGS,
            now=self.book.clock.now(),
        )

    def before_a_gift(self, actor: Actor, customer: int) -> object:
        with self.database.read() as session:
            return gifts.standing(session, actor, self.book.rules, customer, MONDAY)

    def complain(self, actor: Actor, customer: int) -> object:
        return complaints.record_complaint(
            self.database,
            actor,
            Report(kind="quality", reported_on=MONDAY, what="The pumps leak."),
            meant=customer,
            source="slack",
            external_id=f"{actor.name}{customer}",
            rules=self.book.rules,
            settings=SETTINGS,
            now=self.book.clock.now(),
        )

    def score(self, actor: Actor, customer: int) -> object:
        return surveys.record_score(
            self.database,
            actor,
            SurveyAnswer(score="4", scale="1-5"),
            meant=customer,
            source="slack",
            external_id=f"{actor.name}{customer}",
            rules=self.book.rules,
            now=self.book.clock.now(),
        )

    def before_a_handover(self, actor: Actor, customer: int) -> object:
        with self.database.read() as session:
            return handover.to_hand_over(session, actor, customer, self.book.clock.now())

    def hand_over(self, actor: Actor, customer: int) -> object:
        """Planned for the next day, so that the customer stays whose it is."""
        return handover.hand_over(
            self.database,
            self.book.scheme_cache,
            actor,
            GivenHandover(to="U0ADA", starts_on=MONDAY + timedelta(days=1)),
            meant=customer,
            source="slack",
            external_id=self.book.press().key,
            rules=self.book.rules,
            settings=SETTINGS,
            now=self.book.clock.now(),
        )

    def handover_back(self, actor: Actor, customer: int) -> object:
        """Of one that somebody else has done; the customer has another account manager since."""
        number = MISSING
        with self.database.write() as session:
            if session.get(Customer, customer) is not None:
                row = Handover(
                    source="test", external_id=self.book.press().key, customer_id=customer, to_id=self.ids["Finn"],
                    starts_on=MONDAY, state="done", recorded_at=self.book.clock.now(), done_at=self.book.clock.now(),
                )  # fmt: skip
                session.add(row)
                session.flush()
                number = row.id or 0
        pressed = {**self.book.pressed(), "settings": SETTINGS}
        return handover.undo(
            self.database, self.book.scheme_cache, actor, Pointer(id=number), within=None, **pressed
        )

    def before_a_fact(self, actor: Actor, customer: int) -> object:
        with self.database.read() as session:
            meant = Pointer(id=customer, query="service")
            return facts.to_record(session, self.book.scheme_cache, actor, meant, MONDAY)

    def fact(self, actor: Actor, customer: int) -> object:
        return facts.record_fact(
            self.database,
            self.book.scheme_cache,
            actor,
            GivenFact(field="service", value="40", measured_on=MONDAY),
            meant=customer,
            source="slack",
            request=InboundKey(team_id="", kind="fact_form", key=f"{actor.name}{customer}"),
            rules=self.book.rules,
            now=self.book.clock.now(),
        )

    def fact_back(self, actor: Actor, customer: int) -> object:
        number = MISSING
        with self.database.write() as session:
            if session.get(Customer, customer) is not None:
                days = timedelta(days=len(session.exec(select(Fact)).all()))
                number = factories.fact(session, customer, "service", 40, MONDAY - days)
                session.get_one(Fact, number).source = "slack"
        scheme_cache, pointer = self.book.scheme_cache, Pointer(id=number)
        return facts.undo(self.database, scheme_cache, actor, pointer, within=None, **self.book.pressed())

    def scored(self, customer: int) -> Pointer:
        """What the buttons of a new survey score of a customer point at."""
        with self.database.write() as session:
            if session.get(Customer, customer) is None:
                return Pointer(id=MISSING)
            return Pointer(id=factories.survey_score(session, customer, MONDAY), version=1)

    def shown_score(self, actor: Actor, customer: int) -> object:
        number = self.scored(customer).id
        with self.database.read() as session:
            return survey_views.pointer(session, actor, number)

    def complaint(self, customer: int, *, is_open: bool = True) -> Pointer:
        """What the buttons of a new complaint of a customer point at."""
        with self.database.write() as session:
            if session.get(Customer, customer) is None:
                return Pointer(id=MISSING)
            number = factories.complaint(session, customer, MONDAY, closed_on=None if is_open else MONDAY)
        return Pointer(id=number, version=1)

    def shown_complaint(self, actor: Actor, customer: int) -> object:
        number = self.complaint(customer).id
        with self.database.read() as session:
            return listing.show_complaint(session, actor, self.book.rules.complaints, number, MONDAY)

    def promised(self, actor: Actor, customer: int) -> object:
        return promises.record_promise(
            self.database,
            actor,
            Given(what="The offer", due_on=MONDAY),
            meant=customer,
            source="slack",
            external_id=f"{actor.name}{customer}",
            rules=self.book.rules,
            now=self.book.clock.now(),
        )

    def promise(self, customer: int, **values: Any) -> Pointer:
        """What the buttons of a new promise to a customer point at."""
        with self.database.write() as session:
            if session.get(Customer, customer) is None:
                return Pointer(id=MISSING)
            return Pointer(id=factories.promise(session, customer, MONDAY, **values), version=1)

    def acted(self, how: Callable[..., object], actor: Actor, pointer: Pointer, **given: Any) -> object:
        """What an act about a promise returns."""
        now, request = self.book.clock.now(), self.book.press()
        return how(self.database, actor, pointer, now=now, request=request, **given)

    def before_a_proposal(self, actor: Actor, customer: int) -> object:
        with self.database.read() as session:
            kind = ProposalKind.OVERRIDE
            now = self.book.clock.now()
            return proposals.to_propose(session, self.book.scheme_cache, actor, customer, kind, MONDAY, now)

    def propose(self, actor: Actor, customer: int) -> object:
        return proposals.propose(
            self.database,
            self.book.scheme_cache,
            actor,
            WantedTier(tier="A", reason="known for long"),
            meant=customer,
            settings=SETTINGS,
            now=self.book.clock.now(),
            request=self.book.press(),
        )

    def proposal(self, customer: int) -> Pointer:
        """What the buttons of a proposal about a customer point at, which the operator made."""
        with self.database.write() as session:
            if session.get(Customer, customer) is None:
                return Pointer(id=MISSING)
            session.exec(delete(CustomerProposal))
            now = self.book.clock.now()
            row = CustomerProposal(
                customer_id=customer, kind="override", tier="A", reason="known", proposed_by="operator:test",
                asked_at=now, expires_at=now + timedelta(days=1),
            )  # fmt: skip
            session.add(row)
            session.flush()
            return Pointer(id=row.id or 0)

    def change(self, name: str, **values: Any) -> None:
        with self.database.write() as session:
            session.get_one(Person, self.ids[name]).sqlmodel_update(values)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(Book(database))


def card(office: Office, actor: Actor, customer: int | Pointer) -> object:
    with office.database.read() as session:
        return lookup.card(session, office.book.scheme_cache, office.book.rules, actor, customer, MONDAY)


def care(office: Office, actor: Actor, customer: int) -> object:
    with office.database.read() as session:
        return care_explained.explain(session, actor, office.book.rules, customer, office.book.clock.now())


def contact_people(office: Office, actor: Actor, customer: int) -> object:
    with office.database.read() as session:
        return people_views.listed(session, actor, Pointer(id=customer), MONDAY)


def customer_profile(office: Office, actor: Actor, customer: int) -> object:
    with office.database.read() as session:
        return profile_views.shown(session, actor, Pointer(id=customer), shipped_fields())


def listed_plans(office: Office, actor: Actor) -> object:
    with office.database.read() as session:
        return plan_lifecycle.listed(session, actor, office.book.rules.plans, today=MONDAY)


def at_once(office: Office) -> dict[str, Any]:
    return {"today": MONDAY, "now": office.book.clock.now()}


# What is done to a customer, the right that it needs, and how.
DOORS: dict[str, tuple[Act, Callable[[Office, Actor, int], object]]] = {
    "card": (Act.SEE, card),
    "why": (
        Act.SEE,
        lambda o, who, it: explanation.why(o.database, o.book.scheme_cache, who, Pointer(id=it), MONDAY),
    ),
    "figures": (
        Act.SEE,
        lambda o, who, it: explanation.exact_figures(o.database, o.book.scheme_cache, who, Pointer(id=it)),
    ),
    "history": (Act.SEE, lambda o, who, it: history.history(o.database, o.book.scheme_cache, who, it)),
    "credit": (
        Act.SEE,
        lambda o, who, it: credit.show(o.database, o.book.scheme_cache, who, it, today=MONDAY),
    ),
    "care": (Act.SEE, care),
    "closed reminder": (
        Act.SEE,
        lambda o, who, it: shown.what_became(
            o.database, who, o.touch(it), o.book.rules, o.book.clock.now()
        ),
    ),
    "share": (
        Act.SHARE,
        lambda o, who, it: share.shared_card(o.database, o.book.scheme_cache, who, Pointer(id=it)),
    ),
    "masked fields": (
        Act.UNMASK, lambda o, who, it: unmasked.unmask(o.database, o.book.scheme_cache, who, Pointer(id=it))
    ),
    "contact people": (Act.SEE, contact_people),
    "contact people in full": (
        Act.UNMASK, lambda o, who, it: people_views.in_full(o.database, who, Pointer(id=it), MONDAY)
    ),
    "customer profile": (Act.SEE, customer_profile),
    "customer profile in full": (
        Act.UNMASK, lambda o, who, it: profile_views.in_full(o.database, who, Pointer(id=it), shipped_fields())
    ),
    "form of a customer profile": (
        Act.LOG_CONTACT, lambda o, who, it: profile_views.to_change(o.database, who, it, shipped_fields())
    ),
    "values of a customer profile": (
        Act.LOG_CONTACT,
        lambda o, who, it: profile_acts.save(
            o.database, who, it, shipped_fields(), {"needs": [who.name]}, now=o.book.clock.now()
        ),
    ),
    "new contact person": (
        Act.CHANGE_CONTACT_PEOPLE,
        lambda o, who, it: people_acts.add(
            o.database, who, it, {"name": f"Wu {who.name}"}, now=o.book.clock.now()
        ),
    ),
    "contact": (Act.LOG_CONTACT, lambda o, who, it: o.book.log(who, it, MONDAY, form_id=f"{who.name}{it}")),
    "gift": (Act.LOG_CONTACT, lambda o, who, it: o.give(who, it)),
    "form of a gift": (Act.LOG_CONTACT, lambda o, who, it: o.before_a_gift(who, it)),
    "form of a handover": (Act.HAND_OVER, lambda o, who, it: o.before_a_handover(who, it)),
    "handover": (Act.HAND_OVER, lambda o, who, it: o.hand_over(who, it)),
    "handover taken back": (Act.HAND_OVER, lambda o, who, it: o.handover_back(who, it)),
    "prospect taken back": (
        Act.ADD_PROSPECT,
        lambda o, who, it: prospects.undo(
            o.database, who, Pointer(id=it), now=o.book.clock.now(), request=o.book.press()
        ),
    ),
    "form of a fact": (Act.LOG_CONTACT, lambda o, who, it: o.before_a_fact(who, it)),
    "fact": (Act.LOG_CONTACT, lambda o, who, it: o.fact(who, it)),
    "fact taken back": (Act.LOG_CONTACT, lambda o, who, it: o.fact_back(who, it)),
    "survey score": (Act.LOG_CONTACT, lambda o, who, it: o.score(who, it)),
    "survey score taken back": (
        Act.LOG_CONTACT,
        lambda o, who, it: surveys.undo(o.database, who, o.scored(it), **o.book.pressed()),
    ),
    "shown survey score": (Act.SEE, lambda o, who, it: o.shown_score(who, it)),
    "complaint": (Act.HANDLE_COMPLAINT, lambda o, who, it: o.complain(who, it)),
    "step of a complaint": (
        Act.HANDLE_COMPLAINT,
        lambda o, who, it: complaints.add_step(
            o.database, who, o.complaint(it), text="Called them", **o.book.pressed()
        ),
    ),
    "end of a complaint": (
        Act.HANDLE_COMPLAINT,
        lambda o, who, it: complaints.close(
            o.database, who, o.complaint(it), outcome="Replaced", agreed="yes", **o.book.pressed()
        ),
    ),
    "complaint again": (
        Act.HANDLE_COMPLAINT,
        lambda o, who, it: complaints.reopen(
            o.database, who, o.complaint(it, is_open=False), **o.book.pressed()
        ),
    ),
    "complaint taken back": (
        Act.HANDLE_COMPLAINT,
        lambda o, who, it: complaints.undo(o.database, who, o.complaint(it), **o.book.pressed()),
    ),
    "form about a complaint": (
        Act.HANDLE_COMPLAINT,
        lambda o, who, it: complaints.form_title(o.database, who, o.complaint(it), o.book.rules),
    ),
    "shown complaint": (Act.SEE, lambda o, who, it: o.shown_complaint(who, it)),
    "promise": (Act.LOG_CONTACT, lambda o, who, it: o.promised(who, it)),
    "kept promise": (Act.LOG_CONTACT, lambda o, who, it: o.acted(promises.keep, who, o.promise(it))),
    "postponed promise": (
        Act.LOG_CONTACT,
        lambda o, who, it: o.acted(
            promises.postpone, who, o.promise(it), due_on=MONDAY + timedelta(days=1), told="Tomorrow"
        ),
    ),
    "withdrawn promise": (
        Act.LOG_CONTACT,
        lambda o, who, it: o.acted(promises.withdraw, who, o.promise(it), reason="They left"),
    ),
    "promise taken back": (
        Act.LOG_CONTACT,
        lambda o, who, it: o.acted(
            promises.undo, who, o.promise(it, made_by=who.person_id, recorded_at=o.book.clock.now())
        ),
    ),
    "form about a promise": (
        Act.LOG_CONTACT, lambda o, who, it: promises.form_title(o.database, who, o.promise(it))
    ),
    "shown promise": (Act.SEE, lambda o, who, it: promises.current(o.database, who, o.promise(it))),
    "done": (Act.CLOSE_TOUCH, lambda o, who, it: o.book.done(who, o.touch(it))),
    "all greetings": (
        Act.CLOSE_TOUCH,
        lambda o, who, it: answers.greet_all(o.database, who, o.touch(it), **o.book.pressed()),
    ),
    "snooze": (Act.CLOSE_TOUCH, lambda o, who, it: o.book.snooze(who, o.touch(it))),
    "skip": (Act.CLOSE_TOUCH, lambda o, who, it: o.book.skip(who, o.touch(it))),
    "reassignment": (Act.CLOSE_TOUCH, lambda o, who, it: o.book.reassign(who, "U0ADA", o.touch(it))),
    "undo": (Act.CLOSE_TOUCH, lambda o, who, it: o.book.undo(who, o.touch(it))),
    "form about a step": (
        Act.CLOSE_TOUCH,
        lambda o, who, it: answers.open_step(o.database, who, o.touch(it), o.book.rules),
    ),
    "override": (
        Act.OVERRIDE,
        lambda o, who, it: overrides.set_override(
            o.database, o.book.scheme_cache, who, it, OverrideRequest(tier="A", reason="known"),
            **at_once(o), settings=SETTINGS, notify=None,
        ),
    ),
    "end of an override": (
        Act.OVERRIDE,
        lambda o, who, it: overrides.end_override(
            o.database, o.book.scheme_cache, who, it, reason="over", **at_once(o), notify=None
        ),
    ),
    "credit approval": (
        Act.APPROVE_CREDIT,
        lambda o, who, it: credit.approve(
            o.database, o.book.scheme_cache, who, it,
            ApprovalRequest(limit=None, terms_days=None, reason="known"), **at_once(o),
        ),
    ),
    "proposal of a tier": (Act.PROPOSE, lambda o, who, it: o.propose(who, it)),
    "form of a proposal": (Act.PROPOSE, lambda o, who, it: o.before_a_proposal(who, it)),
    "shown proposal": (
        Act.SEE,
        lambda o, who, it: proposals.current(
            o.database, o.book.scheme_cache, who, o.proposal(it), settings=SETTINGS
        ),
    ),
    "review": (
        Act.REVIEW,
        lambda o, who, it: review.answer(
            o.database, o.book.scheme_cache, who, it, "unrated", note="seen", **at_once(o)
        ),
    ),
}  # fmt: skip


def start(office: Office, actor: Actor) -> object:
    with office.database.write() as session:
        return lifecycle.start(session, SCHEME, actor, as_of=FEBRUARY, **at_once(office))


def bring_in(office: Office, actor: Actor, kind: str) -> object:
    return imports.import_file(
        office.database,
        kind=kind,
        path=Path("gone.csv"),
        clock=office.book.clock,
        actor=actor,
        options=imports.ImportOptions(),
        rejects_dir=Path(),
    )


def take_back(office: Office, actor: Actor, kind: str) -> object:
    with office.database.write() as session:
        batch = ImportBatch(
            kind=kind, source="test", file_name="", file_sha256="", actor="test", rows=0, accepted=0, rejected=0,
            created=0, changed=0, status="published", started_at=factories.AT, published_at=factories.AT,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        number = batch.id or 0
    return imports.undo(office.database, number, clock=office.book.clock, actor=actor)


# What belongs to nobody: the right that it needs, and how it is done. What is named is not there, so that little happens.
FIRM: dict[str, tuple[Act, Callable[[Office, Actor], object]]] = {
    "schemes": (Act.DECIDE_SCHEMES, lambda o, who: status.listed(o.database, who, None, today=MONDAY)),
    "scheme": (Act.DECIDE_SCHEMES, lambda o, who: status.shown(o.database, who, "gone", None, today=MONDAY)),
    "first scheme": (Act.DECIDE_SCHEMES, start),
    "shadow": (Act.DECIDE_SCHEMES, lambda o, who: lifecycle.shadow(o.database, who, SCHEME, **at_once(o))),
    "approval": (
        Act.DECIDE_SCHEMES,
        lambda o, who: lifecycle.approve(o.database, who, SCHEME, effective_from=FEBRUARY, **at_once(o)),
    ),
    "retirement": (Act.DECIDE_SCHEMES, lambda o, who: lifecycle.retire(o.database, who, "gone", **at_once(o))),
    "comparison": (
        Act.DECIDE_SCHEMES,
        lambda o, who: diff.diff(o.database, o.book.scheme_cache, who, "gone", None, None, today=MONDAY),
    ),
    "kept past": (
        Act.DECIDE_SCHEMES,
        lambda o, who: replays.keep(
            o.database, o.book.scheme_cache, SCHEME, start=FEBRUARY, end=FEBRUARY, actor=who, **at_once(o)
        ),
    ),
    "care plans": (Act.DECIDE_CARE, listed_plans),
    "care plan": (
        Act.DECIDE_CARE,
        lambda o, who: plan_lifecycle.approve(o.database, who, CARE_PLAN, files=CarePlans(()), fields=shipped_fields(), start=FEBRUARY, **at_once(o)),
    ),
    "end of a care plan": (
        Act.DECIDE_CARE, lambda o, who: plan_lifecycle.retire(o.database, who, "gone", **at_once(o))
    ),
    "proposal": (Act.DECIDE_SCHEMES, lambda o, who: proposal.record_proposal(o.database, who, "plain", "")),
    "grading": (
        Act.GRADE,
        lambda o, who: runs.grade_book(
            o.database, o.book.scheme_cache, for_purpose="credit", as_of=None, actor=who, notify=None,
            **at_once(o),
        ),
    ),
    "import": (Act.IMPORT, lambda o, who: bring_in(o, who, "customers")),
    "import of people": (Act.MANAGE_PEOPLE, lambda o, who: bring_in(o, who, "people")),
    "import of teams": (Act.MANAGE_PEOPLE, lambda o, who: bring_in(o, who, "teams")),
    "undoing": (Act.IMPORT, lambda o, who: take_back(o, who, "customers")),
    "undoing of people": (Act.MANAGE_PEOPLE, lambda o, who: take_back(o, who, "people")),
    "join": (
        Act.IMPORT,
        lambda o, who: imports.join_customers(o.database, "a", "b", clock=o.book.clock, actor=who),
    ),
    "people": (
        Act.MANAGE_PEOPLE, lambda o, who: staff.everybody(o.database, who, SETTINGS, o.book.clock.now())
    ),
    "role": (
        Act.MANAGE_PEOPLE,
        lambda o, who: staff.set_role(o.database, who, "gone", "viewer", settings=SETTINGS, now=o.book.clock.now()),
    ),
    "seen team": (
        Act.MANAGE_PEOPLE,
        lambda o, who: staff.set_view(
            o.database, who, "East", "West", shown=False, settings=SETTINGS, now=o.book.clock.now()
        ),
    ),
    "audit": (Act.READ_AUDIT, lambda o, who: audit_log.show(o.database, who, audit_log.AuditQuery())),
    "export of the audit": (
        Act.READ_AUDIT, lambda o, who: audit_log.export(o.database, who, Path("/dev/null/gone"))
    ),
    "retry": (Act.OPERATE, lambda o, who: outbox.retry(o.database, 1, actor=who, now=o.book.clock.now())),
    "drop": (Act.OPERATE, lambda o, who: outbox.drop(o.database, 1, actor=who)),
    "catching up": (Act.OPERATE, lambda o, who: time_jump.catch_up(o.database, o.book.clock, who)),
    "restore": (
        Act.OPERATE,
        lambda o, who: restore.apply(
            o.database, restore.preview(o.database, o.book.clock.now()), who
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("door", FIRM)
def test_what_is_the_firms_is_done_by_those_only_who_may(office: Office, door: str) -> None:
    act, enter = FIRM[door]
    for name in PEOPLE:
        actor, refused = office.actor(name), False
        try:
            enter(office, actor)
        except NotAllowed as error:
            refused = error.msgid == access.REFUSALS[act]
        except (BotError, OSError):  # it went on after the question
            pass
        assert refused == (not can(actor, act, access.FIRM)), name


HIDDEN = {
    access.NOT_YOURS,
    access.WHO_MAY_OPEN,
    overrides.NOT_YOUR_TIER,
    credit.NOT_YOUR_CREDIT,
    review.NOT_YOUR_REVIEW,
    steps.GONE,
    subject.GONE,
    survey_reversal.GONE,
    facts.GONE,
    handover_subject.GONE,
    promise_subject.GONE,
    proposal_subject.GONE,
}


def answer(office: Office, door: str, actor: Actor, customer: int) -> str | None:
    """The sentence by which somebody is refused; None when they may."""
    try:
        DOORS[door][1](office, actor, customer)
    except NotAllowed as error:
        if error.msgid != access.ONLY_SEEN:
            raise
        return error.msgid
    except NotFound as error:
        return error.msgid if error.msgid in HIDDEN else None
    except BotError:  # whoever may not does not learn what else is wrong
        return None
    return None


@pytest.mark.parametrize("door", DOORS)
def test_every_door_opens_to_those_who_may_and_shows_all_others_what_is_not_there(
    office: Office, door: str
) -> None:
    act = DOORS[door][0]
    for name in PEOPLE:
        actor = office.actor(name)
        missing = answer(office, door, actor, MISSING)
        for called, customer in office.owned.items():
            with office.database.read() as session:
                row = customers.get_row(session, customer)
            assert row is not None
            expected = None if can(actor, act, row) else missing
            if expected == access.NOT_YOURS and can(actor, Act.SEE, row):
                expected = access.ONLY_SEEN
            assert answer(office, door, actor, customer) == expected, (name, called)
        assert missing in HIDDEN


def hand_over(office: Office) -> None:
    with office.database.write() as session:
        owned = col(Ownership.customer_id) == office.acme
        session.exec(update(Ownership).where(owned).values(person_id=office.ids["Ben"]))


def end_deputy(office: Office) -> None:
    with office.database.write() as session:
        deputies.end(session, office.ids["Anna"], office.book.clock.now())


def hide_east(office: Office) -> None:
    with office.database.write() as session:
        deputies.hide(session, 3, 1)


def replace_lead(office: Office) -> None:
    office.change("Olga", team_id=2)
    with office.database.write() as session:
        session.get_one(Team, 1).lead_id = office.ids["Ben"]


def erase(office: Office) -> None:
    """The customer is deleted from the book."""
    with office.database.write() as session:
        for table in traces.customer_tables():
            session.execute(table.delete().where(traces.about_customers(table, [office.acme])))


# What happens between a question and a press, and to whom.
LOST: dict[str, tuple[str, Callable[[Office], object]]] = {
    "the role is lost": ("Anna", lambda office: office.change("Anna", role="viewer")),
    "an unknown role": ("Anna", lambda office: office.change("Anna", role="boss")),
    "the customer is handed over": ("Anna", hand_over),
    "the customer is erased": ("Ada", erase),
    "a lead is lead no more": ("Olga", replace_lead),
    "a lead's role is lost": ("Olga", lambda office: office.change("Olga", role="account_manager")),
    "the customer goes to another team": ("Olga", hand_over),
    "the owner goes to another team": ("Olga", lambda office: office.change("Anna", team_id=2)),
    "an admin's role is lost": ("Ada", lambda office: office.change("Ada", role="viewer")),
    "the role of sales operations is lost": ("Sam", lambda office: office.change("Sam", role="viewer")),
    "the role of finance is lost": ("Finn", lambda office: office.change("Finn", role="account_manager")),
    "the deputy's time is over": ("Dee", lambda office: office.book.clock.advance(timedelta(days=1))),
    "the deputy is one no more": ("Dee", end_deputy),
    "the absent person's role is lost": ("Dee", lambda office: office.change("Anna", role="viewer")),
    "the absent person's customer is handed over": ("Dee", hand_over),
    "a team no longer sees": ("Cara", hide_east),
    "somebody leaves the team that sees": ("Vic", lambda office: office.change("Vic", team_id=2)),
}


@pytest.mark.parametrize("what", LOST)
def test_a_button_that_was_shown_before_works_for_nobody_who_may_no_longer(office: Office, what: str) -> None:
    name, happens = LOST[what]
    before = {door: answer(office, door, office.actor(name), office.acme) for door in DOORS}
    allowed = [door for door, refusal in before.items() if refusal is None]
    assert "card" in allowed
    happens(office)
    office.book.clock.advance(timedelta(minutes=1))
    actor = office.actor(name)
    assert {door: answer(office, door, actor, office.acme) for door in allowed} == {
        door: answer(office, door, actor, MISSING) for door in allowed
    }


@pytest.mark.parametrize(
    "becomes",
    [
        {"state": "done"},
        {"state": "skipped"},
        {"state": "cancelled"},
        {"assignee_id": 2},
        {"assignee_id": None},
    ],
    ids=["done", "skipped", "superseded", "handed on", "taken back"],
)
def test_every_door_that_a_given_step_opened_closes_with_it(office: Office, becomes: dict[str, Any]) -> None:
    assert answer(office, "card", office.actor("Gia"), office.acme) is None
    with office.database.write() as session:
        session.exec(update(Touch).where(col(Touch.customer_id) == office.acme).values(becomes))
    gia = office.actor("Gia")
    for door in DOORS:
        assert answer(office, door, gia, office.acme) == answer(office, door, gia, MISSING), door


FORGED = {  # what a button may say of a customer that is somebody else's, or of none
    "of somebody else": lambda office: Pointer(id=office.owned["Of Ben"]),
    "with the right mark": lambda office: Pointer(id=office.owned["Of Ben"], mark=mark(office, "Of Ben")),
    "with another mark": lambda office: Pointer(id=office.owned["Of Ben"], mark=1),
    "with the mark of an own one": lambda office: Pointer(
        id=office.owned["Of Ben"], mark=mark(office, "Of Anna")
    ),
    "nobody's": lambda office: Pointer(id=office.owned["Of None"]),
    "zero": lambda office: Pointer(id=0),
    "negative": lambda office: Pointer(id=-office.acme),
    "large": lambda office: Pointer(id=2**53),
}


def mark(office: Office, called: str) -> int:
    with office.database.read() as session:
        return crc32(session.get_one(Customer, office.owned[called]).code.encode())


@pytest.mark.parametrize("value", FORGED)
def test_a_forged_button_says_nothing_about_what_is_there(office: Office, value: str) -> None:
    pointer, anna = FORGED[value](office), office.actor("Anna")
    for pressed in (
        lambda meant: share.shared_card(office.database, office.book.scheme_cache, anna, meant),
        lambda meant: explanation.why(office.database, office.book.scheme_cache, anna, meant, MONDAY),
        lambda meant: card(office, anna, meant),
        lambda meant: office.book.log(anna, meant, MONDAY),
    ):
        with pytest.raises(Hidden) as forged:
            pressed(pointer)
        with pytest.raises(Hidden) as missing:
            pressed(Pointer(id=MISSING))
        assert (forged.value.msgid, forged.value.values) == (missing.value.msgid, missing.value.values)


def slack_says(office: Office, **profile: Any) -> None:
    """Slack changes its mind about Anna, and is asked again."""
    office.slack.users["U0ANNA"] = replace(office.slack.users["U0ANNA"], **profile)
    office.book.clock.advance(timedelta(hours=2))


def forget(office: Office) -> None:
    """Anna is deleted from the book."""
    with office.database.write() as session:
        end = session.get_one(Person, office.ids["Ben"]).id
        session.exec(update(Ownership).values(person_id=end))
        for deputy in deputies.not_over(session, office.book.clock.now()):
            session.delete(deputy)
        session.flush()
        session.delete(session.get_one(Person, office.ids["Anna"]))


GONE: dict[str, tuple[Callable[[Office], object], str]] = {
    "switched off": (lambda office: office.change("Anna", active=False), "switched off"),
    "made a guest": (lambda office: slack_says(office, is_guest=True), "Guests"),
    "deactivated in Slack": (lambda office: slack_says(office, is_deleted=True), "deactivated"),
    "of another company": (lambda office: slack_says(office, team_id="T0OTHER"), "not a member"),
    "deleted": (forget, "does not know"),
}


@pytest.mark.parametrize("what", GONE)
def test_a_button_works_for_nobody_who_is_not_here_any_more(office: Office, what: str) -> None:
    happens, said = GONE[what]
    assert answer(office, "card", office.actor("Anna"), office.acme) is None
    happens(office)
    with pytest.raises(NotAllowed, match=said):
        office.actor("Anna")


@pytest.mark.parametrize("name", PEOPLE)
def test_a_search_finds_only_what_may_be_seen(office: Office, name: str) -> None:
    actor = office.actor(name)
    for find in (lookup.one, lookup.one_to_change):
        for called, customer in office.owned.items():
            if answer(office, "card", actor, customer) is None:
                assert find(office.database, actor, called) == customer
                continue
            with pytest.raises(NotFound) as hidden:
                find(office.database, actor, called)
            with pytest.raises(NotFound) as missing:
                find(office.database, actor, "Of Nemo")
            assert hidden.value.msgid == missing.value.msgid


@pytest.mark.parametrize("name", PEOPLE)
def test_a_masked_fact_is_recorded_only_by_those_who_may_see_it(office: Office, name: str) -> None:
    masked = factories.scheme_text({"annual_sales": "score: {fn: points, knots: [[0, 0], [9, 100]]}"})
    with office.database.write() as session:
        factories.scheme(session, masked.replace("version: 1", "version: 2"), effective_from=FEBRUARY)
    actor, scheme = office.actor(name), parse_scheme(masked, source="test")
    with office.database.read() as session:
        customer = customers.get_row(session, office.acme)
    assert customer is not None
    may = can(actor, Act.LOG_CONTACT, customer) and can(actor, Act.UNMASK, customer)
    assert recording_of(actor, customer, scheme)("annual_sales") == may
    given = GivenFact(field="annual_sales", value="7", measured_on=MONDAY)
    rules, now = office.book.rules, office.book.clock.now()
    key = InboundKey(team_id="", kind="fact_form", key=name)
    try:
        saved = facts.record_fact(
            office.database,
            office.book.scheme_cache,
            actor,
            given,
            meant=office.acme,
            source="slack",
            request=key,
            rules=rules,
            now=now,
        )
        assert saved.message.value == MASKED, "an answer does not repeat it without its mask"
    except (NotAllowed, NotFound):
        assert not may
    else:
        assert may


@pytest.mark.parametrize("name", PEOPLE)
def test_a_card_has_only_buttons_that_work_for_its_reader(office: Office, name: str) -> None:
    with office.database.write() as session:
        ungraded = factories.customer(session, "New", owner_id=office.ids["Anna"])
        factories.graded(session, {office.acme: "A"}, as_of=FEBRUARY, purpose="credit")
        allowing = factories.PLAIN_SCHEME.replace("version: 1", "version: 2") + "override: {allowed: true}\n"
        factories.graded(session, {office.acme: "A"}, as_of=FEBRUARY, text=allowing)
    actor = office.actor(name)
    for customer in (office.acme, ungraded):
        if answer(office, "card", actor, customer) is not None:
            continue
        shown = card(office, actor, customer)
        assert isinstance(shown, TierCard | Ungraded)
        buttons = set(shown.targets())
        assert (Action.LOG_VISIT in buttons) == (answer(office, "contact", actor, customer) is None)
        assert (Action.GIFT in buttons) == (answer(office, "gift", actor, customer) is None)
        assert (Action.SURVEY in buttons) == (answer(office, "survey score", actor, customer) is None)
        assert (Action.PROMISE in buttons) == (answer(office, "promise", actor, customer) is None)
        assert (Action.COMPLAINT in buttons) == (answer(office, "complaint", actor, customer) is None)
        may_propose = answer(office, "form of a proposal", actor, customer) is None
        is_graded = customer == office.acme
        assert (Action.PROPOSE_TIER in buttons) == (may_propose and is_graded)
        sees_limits = answer(office, "masked fields", actor, customer) is None
        assert (Action.PROPOSE_CREDIT in buttons) == (may_propose and sees_limits and is_graded)
        assert (Action.HAND_OVER in buttons) == (answer(office, "handover", actor, customer) is None)
        if customer == office.acme:
            assert (Action.SHARE in buttons) == (answer(office, "share", actor, customer) is None)
            assert Action.WHY in buttons


@pytest.mark.parametrize("name", PEOPLE)
def test_a_prospect_is_added_by_who_will_look_after_it_or_may_for_them(office: Office, name: str) -> None:
    actor, owners = office.actor(name), ("Anna", "Ben", "Olga")
    for owner in owners:
        with office.database.read() as session:
            person = session.get_one(Person, office.ids[owner])
        mine = access.OwnedBy(person.id, person.team_id)
        given = GivenProspect(
            name=f"{name} for {owner} {office.book.press().key}", owner=f"U0{owner.upper()}"
        )
        try:
            prospects.add_prospect(
                office.database, actor, given, rules=office.book.rules, settings=SETTINGS,
                now=office.book.clock.now(), request=office.book.press(), is_new=True,
            )  # fmt: skip
        except NotAllowed:
            assert not can(actor, Act.ADD_PROSPECT, mine), owner
        else:
            assert can(actor, Act.ADD_PROSPECT, mine), owner
    assert prospects.may_add(actor) == (actor.role in ("account_manager", "team_lead", "sales_ops", "admin"))


@pytest.mark.parametrize("name", PEOPLE)
def test_a_shared_card_is_taken_back_by_who_shared_it_or_an_admin(office: Office, name: str) -> None:
    for sharer in PEOPLE:
        if name in (sharer, "Ada") or (name, sharer) == ("Dee", "Anna"):
            share.refuse_take_back(office.actor(name), office.ids[sharer])
            continue
        with pytest.raises(NotAllowed):
            share.refuse_take_back(office.actor(name), office.ids[sharer])
