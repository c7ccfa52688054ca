"""Gifts, each with the activity by which the clocks of the care steps restart; none over a limit without a reason."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from sqlalchemy import Date, Integer, String, case, exists, func, literal, select
from sqlalchemy.sql.elements import ColumnElement

from bot.errors import N_, Conflict, Phrase
from bot.services.gift_rules.rules import load_rules
from bot.services.imports.check.known.gift_rows import over_limits
from bot.services.imports.check.known.recorded_contacts import CONTACT_AS_GIFT, ask_about_contacts
from bot.services.imports.check.known.reused_numbers import find_reused, reused_number
from bot.services.imports.conversion import CURRENCY, CURRENCY_MISSING, given_currencies
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.kind import Counts, UpsertKind, WrittenTable
from bot.services.imports.kinds.activities import contacts_of_records, derived_id, write_contacts
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import Upsert, of_another_customer
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA
from bot.services.imports.references import CUSTOMER, CustomerReferences, find_person
from bot.services.name_keys import person_key
from db.book.contact_people import ContactPerson
from db.book.customers import Ownership, present_owner
from db.book.facts import Activity, ContactKind
from db.book.imports import table
from db.care.records.gifts import LOCK, Gift, GiftState
from db.engine import lock_named
from db.types import Money

_gift, _activity, _contact, _ownership = (table(one) for one in (Gift, Activity, ContactPerson, Ownership))
REUSED = reused_number("gift-id-reused")


class GiftKind(UpsertKind):
    """Upserts on (source, id), as activities do; without an id, a row with the same contents is the same gift."""

    name = "gifts"
    key_field = "id"
    fields = (
        CUSTOMER,
        FileField(
            name="date",
            synonyms="gift date, given on, day, 日期, 赠送日期, 送礼日期, 送出日期, Datum, Geschenkdatum, Übergeben am",
            required=True,
            read=ImportJob.past_days,
            column="happened_on",
        ),
        FileField(
            name="what",
            synonyms="gift, item, description, article, 礼品, 礼品名称, 物品, 内容, 名称, Geschenk, Artikel, Beschreibung",
            required=True,
        ),
        FileField(
            name="value",
            synonyms="amount, price, cost, gift value, worth, 金额, 价值, 礼品价值, 价格, 单价, Wert, Betrag, Preis, "
            "Geschenkwert",
            required=True,
            read=ImportJob.amounts,
        ),
        CURRENCY,
        FileField(
            name="contact",
            synonyms="contact person, recipient, given to, contact name, 联系人, 收礼人, 接收人, 受赠人, Ansprechpartner, "
            "Empfänger, Beschenkter",
            column="contact_person",
        ),
        FileField(
            name="occasion",
            synonyms="reason for gift, event, 场合, 节日, 事由, Anlass",
            read=lambda job, name: text.choice(load_rules(job.options.gift_rules).occasion_words),
        ),
        FileField(
            name="giver",
            synonyms="given by, person, email, owner, 赠送人, 送礼人, 经办人, Schenker, Überreicht von, Mitarbeiter",
            read=find_person,
            column="giver_id",
        ),
        FileField(
            name="reason",
            synonyms="approval, approved because, exception, 超限原因, 批准原因, 特批原因, Begründung, Genehmigung",
            read=ImportJob.paragraph,
        ),
        FileField(
            name="id",
            synonyms="gift id, gift no, gift number, 编号, 礼品编号, 礼品单号, Geschenknummer, Geschenk-Nr",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            unique=True,
        ),
    )
    staged: ClassVar = {
        "customer_id": Integer,
        "contact_person": String,
        "contact_person_id": Integer,
        "happened_on": Date,
        "what": String,
        "value": Money,
        "currency": String,
        "occasion": String,
        "giver_id": Integer,
        "reason": String,
        "is_over": Integer,  # 1 where it is over a limit and says why
        "activity_id": Integer,  # once its activity is written
    }
    writes = (
        WrittenTable(table=_gift, called=N_("gifts")),
        WrittenTable(table=_activity, called=N_("activities"), counted=False),
    )

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        self._rules = load_rules(job.options.gift_rules)
        self._cells: dict[int, list[str]] = {}
        self._repeats: dict[str, list[int]] = defaultdict(list)
        given = given_currencies(job.options.currency)
        self._currency = given[0] if len(given) == 1 else None
        if self._currency is None and "currency" not in job.layout.places:
            job.findings.add(CURRENCY_MISSING, such=self._rules.currency)

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self._customers.resolve(chunk)
        values, rows = chunk.values, range(len(chunk.lines))
        values["currency"] = [one or self._currency for one in values["currency"]]
        has_currencies = self._currency is not None or "currency" in job.layout.places
        for row in rows:
            if values["currency"][row] is None and has_currencies:
                reason = Phrase(N_("is empty, and no %(option)s was given"), option="--currency")
                chunk.refuse(row, "currency", reason)
            if isinstance(values["value"][row], int) and values["value"][row] <= 0:
                chunk.refuse(row, "value", Phrase(N_("is not above 0")))
        values["currency"] = [one or "" for one in values["currency"]]
        self._find_people(job, chunk)
        contents = ("customer_id", "date", "what", "value", "currency", "contact_person_id")
        values["key"] = [
            given or derived_id((*row, ContactKind.GIFT))
            for given, *row in zip(values["id"], *(values[name] for name in contents), strict=True)
        ]
        values["is_over"] = values["activity_id"] = [None for _ in rows]

    def _find_people(self, job: ImportJob, chunk: Chunk) -> None:
        """Set the contact person of each row that names one; refuse a row that names none of its customer, or several."""
        values = chunk.values
        wanted = {
            customer
            for customer, name in zip(values["customer_id"], values["contact"], strict=True)
            if isinstance(customer, int) and name is not None
        }
        known = _people_of(job, wanted) if wanted else {}
        values["contact_person_id"] = [None for _ in chunk.lines]
        for row, (customer, name) in enumerate(zip(values["customer_id"], values["contact"], strict=True)):
            if not isinstance(customer, int) or not isinstance(name, str):
                continue
            found = known.get((customer, person_key(name) or name), [])
            if len(found) == 1:
                values["contact_person_id"][row] = found[0]
            elif found:
                reason = N_("%(count)s contact people of this customer have this name; leave the cell empty")
                chunk.refuse(row, "contact", Phrase(reason, count=len(found)))
            else:
                reason = N_(
                    "is no contact person of this customer; bring them in first, or leave the cell empty"
                )
                chunk.refuse(row, "contact", Phrase(reason))

    def after_staging(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        self._cells |= {chunk.lines[row]: chunk.cells[row] for row in rows}

    def after_repeats(self, job: ImportJob, chunk: Chunk, rows: list[int]) -> None:
        for row in rows:
            self._repeats[chunk.values["key"][row]].append(chunk.lines[row])

    def refuse_at_end(self, job: ImportJob) -> tuple[int, int]:
        """Refuse gifts over a limit that do not say why, each with what is left when its turn comes."""
        if self._currency is None and "currency" not in job.layout.places:
            return 0, 0  # the file is refused with this question
        stage = self.stage.c
        keys = {row.line: row.key for row in job.connection.execute(select(stage.line, stage.key))}
        refused = repeated = 0
        for over in over_limits(job, self.stage, self._rules):
            again = self._repeats.get(keys[over.line], [])
            for line in (over.line, *again):
                job.refuse(line=line, name="value", reason=over.sentence, cells=self._cells[over.line])
            job.connection.execute(self.stage.delete().where(stage.line == over.line))
            refused, repeated = refused + 1, repeated + len(again)
        return refused, repeated

    def check(self, job: ImportJob) -> None:
        super().check(job)
        if "id" in job.layout.places:
            ask_about_contacts(job, self.stage, CONTACT_AS_GIFT, ContactKind.GIFT)
            find_reused(job, REUSED, self.stage, _activity, "happened_on")

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        """What a row sets; whether it is over a limit follows from what it says now."""
        stage, only_new = self.stage.c, {"activity_id", "reason"}
        found = {name: value for name, value in super().columns(job).items() if name not in only_new}
        over = stage.is_over == 1
        state = case((over, GiftState.ALLOWED.value), else_=GiftState.WITHIN.value)
        return {**found, "given_on": stage.happened_on, "state": state, "reason": case((over, stage.reason))}

    def clears(self, job: ImportJob) -> Mapping[str, ColumnElement[bool]]:
        return {
            "reason": self.stage.c.is_over.is_(None),
            "contact_person_id": of_another_customer(_gift, self.stage),
        }

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        owner = select(_ownership.c.person_id).where(present_owner(stage.customer_id)).limit(1)
        return {
            "activity_id": stage.activity_id,
            "owner_id": func.coalesce(owner.scalar_subquery(), stage.giver_id),
            "recorded_at": literal(job.now, _gift.c.recorded_at.type),
            "version": 1,
        }

    def upsert(self, job: ImportJob) -> Upsert:
        other_contact = select(1).where(_activity.c.id == _gift.c.activity_id, self._activities(job).differs)
        return replace(super().upsert(job), also=exists(other_contact))

    def _activities(self, job: ImportJob) -> Upsert:
        """The activities of the staged gifts."""
        stage = self.stage.c
        return contacts_of_records(
            job, self.stage, ContactKind.GIFT, stage.key, stage.happened_on, person_id=stage.giver_id
        )

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        """Write the gifts that change, the activities, and then the new gifts, which refer to them."""
        lock_named(job.connection, LOCK)
        if next(over_limits(job, self.stage, self._rules), None) is not None:
            raise Conflict(
                N_(
                    "Somebody has recorded gifts while the file was being read, and a limit is over; import it again."
                )
            )
        upsert, activities = self.upsert(job), self._activities(job)
        changed = upsert.change(job.connection, batch_id)
        write_contacts(job, activities, batch_id)
        return Counts(created=upsert.create(job.connection, batch_id, self.defaults(job)), changed=changed)


def _people_of(job: ImportJob, customer_ids: Collection[int]) -> dict[tuple[int, str], list[int]]:
    """(customer, key of a name) -> its contact people of this name."""
    found: dict[tuple[int, str], list[int]] = defaultdict(list)
    wanted = sorted(customer_ids)
    for start in range(0, len(wanted), AT_ONCE):
        some = _contact.c.customer_id.in_(wanted[start : start + AT_ONCE])
        rows = select(_contact.c.id, _contact.c.customer_id, _contact.c.name).where(some)
        for number, customer, name in job.connection.execute(rows):
            found[customer, person_key(name) or name].append(number)
    return found
