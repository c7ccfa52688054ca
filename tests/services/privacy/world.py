"""A book full of people and customers with unusual names, who are named wherever somebody can be named."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import event, select, text
from sqlmodel import Session, col

from bot.clock import FixedClock
from bot.services.access import Actor
from bot.services.delivery import outbox
from bot.services.imports import ImportOptions, ImportReport, import_file, join_customers, undo
from bot.services.name_keys import fold, pinyin
from bot.services.privacy import erasure
from bot.services.privacy.erasure import Erased, Find, Wording
from bot.services.recipients import Place
from bot.wording.care.complaints import ComplaintReport, ComplaintRow, ReportedComplaint
from bot.wording.care.digest import CareDigest, CareRow
from bot.wording.care.greetings import GreetedCustomer, GreetedTier, Greetings, GreetingSection
from bot.wording.care.promises import BrokenPromise, PromiseReport, PromiseRow
from bot.wording.care.weekly import CareWeekly, PersonWeek, SkipReason, WeekFigures
from bot.wording.message_base import Message
from bot.wording.messages import Hit, OwnTierChanged, TierChanged, TierDigest
from bot.wording.parts import GiftHint, GreetingText, PersonHours, PersonPart, Since, TierPart, Who
from db import tables, usage
from db.book import personal_settings
from db.book.by_hand.handovers import Handover
from db.book.contact_people import ContactPerson
from db.book.customers import Customer
from db.book.notes import NoteVersion
from db.book.people import Absence, Deputy, Person
from db.care import calendar_feeds
from db.care.acts import TouchAct, TouchBefore
from db.care.planning import CustomerCare
from db.care.records.complaints import ComplaintMessage, ComplaintStep
from db.care.records.gifts import Gift
from db.care.records.promises import PromiseDelay, PromiseMessage
from db.care.records.proposals import CustomerProposal, ProposalMessage
from db.care.touches import Touch, TouchMessage
from db.engine import Database
from db.graded.changes import StoredTierChange
from db.graded.credit import CreditApproval
from db.graded.figures import CustomerFigures
from db.graded.first_orders import RecordChange
from db.graded.overrides import Override
from db.graded.reviews import ReviewAnswer
from db.graded.runs import Assessment, GradingRun
from db.graded.shadows import ShadowMove, ShadowRun
from db.outbox.messages import MessageState, OutboxMessage
from grading.scheme.model import Name
from tests import factories

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
DAY = NOW.date()
A, B = TierPart(id="A", rank=0), TierPart(id="B", rank=1)
STEP = Name(en="Revisit", zh="回访")
MOVE: dict[str, Any] = {
    "version": 1, "before": B, "after": A, "up": True, "score_before": 50.0, "score_after": 80.0, "capped_by": None,
    "held": False, "parts": (), "as_of": DAY,
}  # fmt: skip
WORDING = Wording(mark="[erased]", pseudonym="Former colleague {}".format)
NAMES = (
    "Zephyrine Quill GmbH", "O'Ferrall & Söhne", "鼎峰精密机械", "100% _Wildgoose_ Co", 'Quoted "Quokka" Ltd',
    "Back\\slashed AG", "ÄÖÜ Straßenbauten", "Naïveté Cafés 3000", "<b>Boldface</b> SARL", "Ωmegaron Холдинг",
    "株式会社マルタニヤ", "مصنع الشرقية", "A=1+1 Formulae", "Foxtrotting 🦊 Vulpes", "Dash—Longwinded", "Ｆｕｌｌｗｉｄｔｈ社",
    "@Handlebar Inc", "Tilde~Tildesen", "{curly} {{Braces}}", "DROP TABLE Bobby;--",
)  # fmt: skip
PEOPLE = (
    "Ánna-Łucja Qwist", "欧阳凤仪", "D'Arcy O'Quirk", 'Robert "Bobtail" Zed', "Ünsal Çağrıoğlu", "Nguyễn Thị Hồngz",
    "Σωκράτης Ξένος", "Ольга Ждановская", "Jean-François Xq", "महेन्द्र सिंह", "李‧慕白", "Back\\slash Person", "100%er Mann",
    "Tab_bert Quux", "Ｗｉｄｅ Ｌｅｔｔｅｒｓ", "Zoë Žižková", "Quentin <Tagged>", "Åse Ørnqvist", "Emil 🦉 Owlsley", "Wyrd {Braced}",
)  # fmt: skip

CONTACTS = (
    "Ingrid Qvam", "诸葛慕容", "O'Malley, Séan", 'Tilda "Tiny" Quell', "Çelik Ğafur", "Đặng Thùy Trâmz",
    "Ευρυδίκη Ξάνθου", "Фёкла Щербацкая", "Anne-Sophie Xw", "प्रिया शर्मा", "上官·婉儿", "Back\\stroke Contact", "50%er Dame",
    "Under_score Querida", "Ｆｕｌｌ Ｗｉｄｔｈ Ｌａｄｙ", "Žofie Řezníčková", "Yvette <Bracketed>", "Ødegård Æble", "Nora 🦜 Parrot",
    "Curly {Contact}",
)  # fmt: skip


@dataclass
class World:
    """A database and its data folder, with what the tests do to them."""

    database: Database
    folder: Path  # files that are imported: the operator's
    data_dir: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def bring(self, kind: str, *lines: str, name: str = "file.csv", **options: Any) -> ImportReport:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        chosen = {"currency": "EUR", **options}
        return import_file(
            self.database,
            kind=kind,
            path=path,
            clock=self.clock,
            actor=factories.operator("test"),
            options=ImportOptions(**chosen),
            rejects_dir=self.data_dir / "rejects",
        )

    def undo(self, batch_id: int) -> None:
        undo(self.database, batch_id, clock=self.clock, actor=factories.operator("test"))

    def join(self, n: int) -> None:
        join_customers(
            self.database,
            f"old:QXOLD-{n:02}",
            f"file:{code(n)}",
            clock=self.clock,
            actor=factories.operator("test"),
            prefer="into",
        )

    def erase(self, find: Find, actor: Actor | None = None) -> Erased:
        return erasure.erase(
            self.database,
            actor or factories.operator("test"),
            find,
            WORDING,
            data_dir=self.data_dir,
            admins=(),
            today=DAY,
            now=self.clock.now(),
        )

    def ids(self) -> dict[str, int]:
        with self.database.read() as session:
            return {row[0]: row[1] for row in session.execute(select(col(Customer.code), col(Customer.id)))}

    def person_ids(self) -> dict[str, int]:
        with self.database.read() as session:
            return {row[0]: row[1] for row in session.execute(select(col(Person.email), col(Person.id)))}

    def traces_of(self, words: list[str]) -> list[str]:
        """What is left of these words: in texts of the database, or in the bytes of files."""
        forms = {form for word in words for form in spelled(word)}
        every = self._texts().casefold()
        found = [f"{form} in the database" for form in forms if form.casefold() in every]
        encoded = {
            (form, form.encode(name)) for form in forms for name in ("utf-8", "utf-16-le", "utf-16-be")
        }
        for path in self._files():
            content = path.read_bytes()
            found += [f"{form} in {path.name}" for form, data in encoded if data in content]
        return sorted(found)

    def not_found(self, words: list[str]) -> set[str]:
        """The words that are nowhere in the database."""
        every = self._texts()
        return {word for word in words if not any(form in every for form in spelled(word))}

    def _texts(self) -> str:
        """Every value of every row."""
        with self.database.reader.connect() as connection:
            return "\n".join(
                value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                for table in tables.metadata.sorted_tables
                for row in connection.execute(select(table))
                for value in row
            )

    def _files(self) -> list[Path]:
        """The files in the data folder, and those of SQLite."""
        every = [path for path in self.data_dir.rglob("*") if path.is_file()]
        if self.database.is_sqlite:
            every += self.database.file.parent.glob(f"{self.database.file.name}*")
        return every


def spelled(word: str) -> set[str]:
    """A word as it may be stored: as it is, as JSON, folded, in pinyin, and the tokens of its name."""
    folded = fold(word)
    found = {word, json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}
    if len(folded) >= 5:
        found.add(folded)
    if (sounds := pinyin(word)) is not None:
        found.add(sounds[0])
    return {form for form in found if len(form) > 1}


def quoted(*cells: str) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def email(number: int) -> str:
    return f"qperson{number:02}@quillmail.example"


def code(number: int) -> str:
    return f"QXK-{number:02}/é"


def words_of_customer(number: int) -> list[str]:
    return [
        code(number),
        f"QXOLD-{number:02}",
        NAMES[number],
        f"Oldname{number:02}ska {NAMES[number]}",
        f"Aliasqx{number:02}",
    ]


def words_of_person(number: int) -> list[str]:
    return [PEOPLE[number], email(number), f"U0QX{number:02}"]


def words_of_contact(number: int) -> list[str]:
    return [CONTACTS[number], contact_email(number), phone(number), f"Wasqx{number:02}ova"]


def contact_email(number: int) -> str:
    return f"qcontact{number:02}@quarrel.example"


def phone(number: int) -> str:
    return f"+49 30 7391{number:02}55"


def all_words() -> list[str]:
    numbers = range(len(NAMES))
    return [word for number in numbers for word in (*words_of_customer(number), *words_of_person(number))]


NUMBERS = range(len(NAMES))
CONTACT_COLUMNS = "id,customer,name,email,phone,birthday,note"


def named(n: int) -> str:
    """A text that names a customer and a person."""
    return f"{NAMES[n]} {PEOPLE[n]} {code(n)} {email(n)}"


def contact_rows(*names: str) -> list[str]:
    """The rows of a file of contact people, one at each customer."""
    return [
        f"CP{n},{code(n)},{quoted(name)},{contact_email(n)},{phone(n)},1985-03-08,{quoted(f'likes tea, as {name}')}"
        for n, name in enumerate(names)
    ]


def files() -> list[tuple[str, list[str], dict[str, Any]]]:
    """(kind, lines, options) of the files that say everything about them."""
    visits = [f"V{n},{code(n)},2026-02-02,visit,{email(n)},{quoted(named(n))}" for n in NUMBERS]
    facts = [f"{code(n)},quality,{n},2026-01-31,{email(n)},{quoted(named(n))}" for n in NUMBERS]
    known = [f"{code(n)},{quoted(named(n), PEOPLE[n])}" for n in NUMBERS]
    orders = [f"O{n},{code(n)},2026-01-02,{100 + n},60" for n in NUMBERS]
    wrong = [f"W{n},{code(n)},never,{100 + n},60" for n in NUMBERS]
    invoices = [f"I{n},{code(n)},2026-01-02,2026-02-02,,{100 + n}" for n in NUMBERS]
    old = [quoted(f"QXOLD-{n:02}", words_of_customer(n)[3]) for n in NUMBERS]
    present = [quoted(code(n), NAMES[n], f"Aliasqx{n:02}", email(n)) for n in NUMBERS]
    return [
        ("people", ["email,name,team", *(f"{email(n)},{quoted(PEOPLE[n])},East" for n in NUMBERS)], {}),
        ("customers", ["code,name,aliases,owner", *present], {}),
        ("customers", ["code,name", *old], {"source": "old"}),
        ("orders", ["order_no,customer,date,amount,cost", *orders, *wrong, "W99,BIRCH,never,5,1"], {}),
        ("invoices", ["invoice_no,customer,date,due,paid,amount", *invoices], {}),
        ("activities", ["id,customer,date,kind,person,note", *visits], {}),
        ("contact-persons", [CONTACT_COLUMNS, *contact_rows(*CONTACTS)], {}),
        ("customer-profiles", ["customer,occupation,author", *known], {}),
        ("facts", ["customer,field,value,date,author,evidence", *facts], {"accepted": ("unknown-field",)}),
    ]


def reject(world: World) -> None:
    """A file of rejected rows that name every customer."""
    kind, lines, options = files()[3]
    world.bring(kind, *lines, **options)


def fill(world: World) -> None:
    """Everybody in every table, text and file in which they may be."""
    numbers = NUMBERS
    world.bring(
        "people", "email,name,team", *(f"{email(n)},{quoted('Was ' + PEOPLE[n])},East" for n in numbers)
    )
    world.bring("people", "email,name", *(f"{email(n)},{quoted('Was ' + PEOPLE[n])}" for n in numbers))
    former = [quoted(code(n), words_of_customer(n)[3]) for n in numbers]
    of_people, customers, old, *rest = files()
    world.bring(of_people[0], *of_people[1], "keep@example.com,Keeper,East")
    world.bring("teams", "name,lead", f"East,{email(0)}", f"West,{email(1)}")
    world.bring("customers", "code,name", *former, name=f"{NAMES[0].split()[0]}.csv")
    world.bring(customers[0], *customers[1])
    world.bring(old[0], *old[1], **old[2])
    world.bring("customers", "code,name,parent,owner", f"BIRCH,Birch,{code(0)},keep@example.com")
    for n in numbers:
        world.join(n)
    world.bring("contact-persons", CONTACT_COLUMNS, *contact_rows(*(f"Wasqx{n:02}ova" for n in numbers)))
    for kind, lines, options in rest:
        world.bring(kind, *lines, **options)
    about = [f"BIRCH,2026-03-{1 + n:02},{quoted(f'knows {CONTACTS[n]}, {named(n)}')}" for n in numbers]
    world.bring("customer-profiles", "customer,date,occupation", *about)
    at_birch = [f"BIRCH,Birch contact {n},{quoted(f'knows {CONTACTS[n]}, {named(n)}')}" for n in numbers]
    world.bring("contact-persons", "customer,name,note", *at_birch)
    lines = [f"O{n},1,pumps,{50 + n}" for n in numbers]
    world.bring("order-lines", "order_no,line,product_type,amount", *lines)
    others = [f"B{n},BIRCH,2026-02-0{1 + n % 9},call,{email(n)},{quoted(named(n))}" for n in numbers]
    world.bring("activities", "id,customer,date,kind,person,note", *others)
    with world.database.write() as session:
        ids, people = _numbers(session, Customer.code), _numbers(session, Person.email)
        version = factories.scheme(session)
        run = GradingRun(
            purpose="account", kind="snapshot", as_of=DAY, scheme_version_id=version, status="published",
            started_at=NOW, published_at=NOW, customers=len(NAMES) + 1,
        )  # fmt: skip
        session.add(run)
        session.flush()
        assert run.id is not None
        session.add(ShadowRun(run_id=run.id, scheme_version_id=version, movers=len(NAMES) + 1))
        for n in numbers:
            _decide(session, ids[code(n)], people[email(n)], n, run.id, version, NAMES[n].encode())
        _decide(session, ids["BIRCH"], people["keep@example.com"], 3, run.id, version)
        _notify(session, ids, people)
        for n in numbers:
            person = session.get_one(Person, people[email(n)])
            person.slack_user_id, person.slack_team, person.slack_status = f"U0QX{n:02}", "T0", "member"
            keeper = people["keep@example.com"]
            for absent, deputy in ((people[email(n)], keeper), (keeper, people[email(n)])):
                session.add(Deputy(person_id=absent, deputy_id=deputy, starts_at=NOW, ends_at=NOW))
            usage.add_customers(session, people[email(n)], NOW.date(), 3)
            usage.note_asked(session, people[email(n)], {ids[code(n)]: NOW})
            personal_settings.store(session, people[email(n)], remind_at="08:00", muted=["weekly"])
            session.add(Absence(person_id=people[email(n)], first_day=DAY, last_day=DAY))
            calendar_feeds.put(session, people[email(n)], f"{n:064}", NOW)
        for touch, customer in session.execute(select(col(Touch.id), col(Touch.customer_id))).all():
            entry = calendar_feeds.EntryRow(touch, f"{touch}@tierbot", "0" * 64, 0, NOW)
            calendar_feeds.keep(session, people[email(customer % len(numbers))], [entry])


def _numbers(session: Session, column: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(select(col(column), col(column.class_.id)))}


def _decide(
    session: Session, customer: int, person: int, n: int, run: int, version: int, inputs: bytes = b"\x01"
) -> None:
    """What people decide about a customer, each naming a person and a customer."""
    text = f"{NAMES[n]} says {PEOPLE[n]}, {email(n)}"
    there = session.scalars(
        select(ContactPerson.id).where(col(ContactPerson.customer_id) == customer)
    ).first()
    factories.survey_score(session, customer, DAY, contact_person_id=there)
    session.add_all(
        [
            Override(customer_id=customer, purpose="account", tier="A", reason=text, approver=PEOPLE[n], set_by=email(n), set_at=NOW,
                     starts_on=DAY, ended_at=NOW, ended_by=PEOPLE[n], end_reason=text),
            CreditApproval(customer_id=customer, assessed_on=DAY, grade="A", scheme_version_id=version, approved_limit=Decimal(5), approved_terms=30,
                           reason=text, approved_by=PEOPLE[n], approved_on=DAY, approved_at=NOW),
            ReviewAnswer(customer_id=customer, reason="capped", item="x", note=text, answered_by=PEOPLE[n], answered_at=NOW,
                         hidden_until=DAY),
            RecordChange(customer_id=customer, before="prospect", after="account", effective_on=DAY, scheme_version_id=version, changed_at=NOW),
            Touch(dedupe_key=f"revisit:{customer}", customer_id=customer, step="revisit", kind="revisit", tier="A", due_on=DAY,
                  remind_at=NOW, state="done", closed_by=person, closed_at=NOW, created_at=NOW, reason=text),
            Assessment(run_id=run, customer_id=customer, scheme_version_id=version, tier="A", coverage=1.0, certain=True,
                       tier_since=DAY, inputs=inputs),
            _complained(session, customer, person, text),
            _gifted(session, customer, person, text),
            NoteVersion(
                activity_id=1, customer_id=customer, kind="visit", happened_on=DAY, note=text, person_id=person,
                changed_by=person, changed_at=NOW,
            ),
            _promised(session, customer, person, text),
            Handover(source="slack", external_id=f"{customer}", customer_id=customer, from_id=person, to_id=person, starts_on=DAY, note=text,
                     state="done", recorded_by=person, recorded_at=NOW, done_at=NOW),
            CustomerProposal(customer_id=customer, kind="override", tier="A", reason=text, proposer_id=person, proposed_by=PEOPLE[n],
                             asked_at=NOW, expires_at=NOW, state="declined", decider_id=person, decided_by=PEOPLE[n], decided_at=NOW,
                             answer=text),
            CustomerCare(customer_id=customer, tier="A", scheme_version_id=version),
            CustomerFigures(customer_id=customer, as_of=DAY, last_order=DAY, currency="EUR", revenue=Decimal(100)),
            ShadowMove(run_id=run, scheme_version_id=version, customer_id=customer, tier="A", shadow_tier="B"),
            StoredTierChange(customer_id=customer, purpose="account", run_id=run, as_of=DAY, from_tier="B", to_tier="A"),
        ]
    )  # fmt: skip


def _complained(session: Session, customer: int, person: int, text: str) -> ComplaintStep:
    """A complaint that was closed, and the step that was taken."""
    number = factories.complaint(
        session,
        customer,
        DAY,
        reported_by=text,
        handler_id=person,
        closed_on=DAY,
        closed_by=person,
        outcome=text,
    )
    return ComplaintStep(
        complaint_id=number, taken_on=DAY, person_id=person, text=text, version=2, recorded_at=NOW
    )


def _gifted(session: Session, customer: int, person: int, text: str) -> Gift:
    """A gift over a limit."""
    people = dict.fromkeys(("giver_id", "owner_id", "recorded_by"), person)
    number = factories.gift(session, customer, DAY, what=text, reason=text, state="allowed", **people)
    return session.get_one(Gift, number)


def _promised(session: Session, customer: int, person: int, text: str) -> PromiseDelay:
    """A promise that was put off and withdrawn, and how it was put off."""
    number = factories.promise(
        session,
        customer,
        DAY,
        what=text,
        made_by=person,
        keeper_id=person,
        outcome="withdrawn",
        closed_on=DAY,
        closed_by=person,
        closed_for=person,
        reason=text,
    )
    return PromiseDelay(
        promise_id=number,
        was_due_on=DAY,
        due_on=DAY,
        person_id=person,
        told=text,
        version=2,
        recorded_at=NOW,
    )


def _notify(session: Session, ids: dict[str, int], people: dict[str, int]) -> None:
    """Messages in every state: a single one and a copy in a channel for each, and a digest that names one who stays."""
    hits = []
    for n in range(len(NAMES)):
        customer, owner = ids[code(n)], Who(name=PEOPLE[n], slack_user_id=f"U0QX{n:02}")
        facts: dict[str, Any] = {"customer_id": customer, "version": 1, "name": NAMES[n], "code": code(n)}
        own = OwnTierChanged(**MOVE | facts, decided_by=PEOPLE[n])
        _enqueue(session, "own_tier_change", Place(person_id=people[email(n)]), own)
        _enqueue(
            session, "tier_change", Place(channel="C1"), TierChanged(**MOVE | facts, owner=owner), sent=True
        )
        birch = {"customer_id": ids["BIRCH"], "name": "Birch", "code": "BIRCH"}
        _enqueue(session, "tier_change", Place(channel="C2"), TierChanged(**MOVE | birch, owner=owner))
        hits.append(Hit(**facts, tier=A, before=Since(tier=B, score=50.0, as_of=DAY), owner=owner))
    hits.append(Hit(customer_id=ids["BIRCH"], version=1, name="Birch", code="BIRCH", tier=A, owner=owner))
    _ask(session, ids, people)
    moves = ((B, A, len(NAMES)),)
    digest = TierDigest(total=len(hits), moves=moves, largest=tuple(hits), as_of=DAY)
    for sent in (True, False):
        _enqueue(session, "tier_change", Place(channel="C3"), digest, sent=sent)


def _week() -> CareWeekly:
    """A week in which everybody had something to do, for reasons that name customers and people."""
    one = WeekFigures(skipped=1)
    return CareWeekly(
        teams=("East",), first_day=DAY, last_day=DAY, figures=one, before=one,
        reasons=tuple(SkipReason(text=named(n), count=1) for n in NUMBERS),
        people=tuple(
            PersonWeek(who=Who(name=PEOPLE[n], slack_user_id=f"U0QX{n:02}"), figures=one) for n in NUMBERS
        ),
    )  # fmt: skip


def _ask(session: Session, ids: dict[str, int], people: dict[str, int]) -> None:
    """A digest and greetings in every state, linked to their touches, that name everybody and one who stays."""
    touches = {touch.customer_id: touch for touch in session.scalars(select(Touch))}
    for touch in touches.values():
        before = TouchBefore(
            id=touch.id or 0,
            version=1,
            state="reminded",
            remind_at=NOW,
            reason=touch.reason,
            assignee_id=None,
        )
        session.add(
            TouchAct(touch_id=touch.id, version=2, act="done", at=NOW, before=f"[{before.model_dump_json()}]")
        )
    of = {code(n): name for n, name in enumerate(NAMES)} | {"BIRCH": "Birch"}
    facts = [{"customer_id": ids[key], "name": name, "code": key} for key, name in of.items()]
    due = {"version": 1, "tier": A, "section": "due", "step": STEP, "kind": "revisit", "due_on": DAY}
    who = {
        row.customer_id: (row.id or 0, row.name)
        for row in session.scalars(select(ContactPerson).order_by(text("id DESC")))
    }
    named = {
        key: PersonPart(
            contact_person_id=number, name=name, gift=GiftHint(last=f"Tea for {name}", last_on=DAY)
        )
        for key, (number, name) in who.items()
    }
    hours = {
        key: (PersonHours(contact_person_id=number, name=name, there="9", here="10"),)
        for key, (number, name) in who.items()
    }
    rows = tuple(
        CareRow(
            **one,
            **due,
            touch_id=touches[one["customer_id"]].id,
            person=named[one["customer_id"]] if one["customer_id"] != ids["BIRCH"] else None,
            hours=hours[one["customer_id"]],
        )
        for one in facts
    )
    greeted = tuple(
        GreetedCustomer(
            **one,
            version=1,
            touch_id=touches[one["customer_id"]].id,
            touch_version=1,
            people=(named[one["customer_id"]],),
        )
        for one in facts
    )
    section = GreetingSection(
        text=GreetingText(occasion_id="new_year", language="en", top=False),
        tiers=(GreetedTier(tier=A, customers=greeted),),
    )
    greetings = Greetings(occasion=STEP, day=DAY, estimated=False, sections=(section,))
    complained = tuple(
        ComplaintRow(**one, complaint_id=number, version=1, kind=STEP, what=one["name"], reported_on=DAY)
        for number, one in enumerate(facts, start=1)
    )
    reported = tuple(
        ReportedComplaint(
            **one, version=1, complaint_id=number, tier=A, kind=STEP, what=None, reported_on=DAY, deadline=DAY
        )
        for number, one in enumerate(facts, start=1)
    )
    promised = tuple(
        PromiseRow(**one, promise_id=number, version=1, what=one["name"], due_on=DAY, made_on=DAY)
        for number, one in enumerate(facts, start=1)
    )
    broken = tuple(
        BrokenPromise(**one, version=1, promise_id=number, tier=A, what=one["name"], due_on=DAY, over=1)
        for number, one in enumerate(facts, start=1)
    )
    place = Place(person_id=people["keep@example.com"])
    for sent in (True, False):
        _enqueue(session, "care_weekly", place, _week(), sent=sent)
        _enqueue(session, "complaint_report", place, ComplaintReport(rows=reported), sent=sent)
        _enqueue(session, "promise_report", place, PromiseReport(rows=broken), sent=sent)
        shown = CareDigest(day=DAY, rows=rows, complaints=complained, promises=promised)
        digest = _enqueue(session, "care_digest", place, shown, sent=sent)
        _enqueue(session, "care_greeting", place, greetings, sent=sent)
        session.add_all(
            TouchMessage(outbox_id=digest, touch_id=touch.id, role="digest") for touch in touches.values()
        )
        session.add_all(
            ComplaintMessage(outbox_id=digest, complaint_id=row.complaint_id, role="digest")
            for row in complained
        )
        session.add_all(
            PromiseMessage(outbox_id=digest, promise_id=row.promise_id, role="digest") for row in promised
        )
        session.add_all(
            ProposalMessage(outbox_id=digest, proposal_id=number or 0)
            for number in session.scalars(select(CustomerProposal.id))
        )


def _enqueue(session: Session, kind: str, place: Place, message: Message, *, sent: bool = False) -> int:
    count = session.info["written"] = session.info.get("written", 0) + 1
    number = outbox.enqueue(
        session, kind=kind, place=place, message=message, language="en", dedupe_key=f"{kind}:{count}", now=NOW
    )
    if sent:
        row = session.get_one(OutboxMessage, number)
        row.state, row.slack_ts = MessageState.SENT, "1.1"
    return number


def keep_deleted_bytes(database: Database) -> None:
    """Let SQLite keep the bytes of deleted rows, as it does where it was not built to overwrite them."""
    if database.is_sqlite:
        for engine in (database.writer, database.reader):
            event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA secure_delete=OFF"))
