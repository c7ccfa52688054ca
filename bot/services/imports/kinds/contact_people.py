"""Contact people of customers, with their birthdays and how they want to be reached and greeted."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Boolean, Integer, String, exists, func, literal, select

from bot.birthdays import read_birthday
from bot.errors import N_, BadInput, Phrase
from bot.services.contact_people.values import CHECKS
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import AT_ONCE, Chunk, ImportJob
from bot.services.imports.kind import Counts, UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.publication import insert_staged
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA, NOTHING_IN_FACTS, NOTHING_IN_NAMES
from bot.services.imports.read.refusal import Parser, RefusedValue
from bot.services.imports.references import CUSTOMER, LAST_NAMES, CustomerReferences, full_names
from bot.services.name_keys import person_key
from db.book.contact_people import ContactChannel, ContactPerson, WantedGreetings
from db.book.imports import table

_contact = table(ContactPerson)

OTHER_ID = FindingType(
    name="contact-person-id-new",
    level=Level.QUESTION,
    sentence=N_(
        "Contact people whose id is new have the name of one whom their customer has under another id of this source:"
        " %(count)d (line %(line)d: id %(key)s, in the book %(known)s). They would be there twice."
    ),
    answer=N_(
        "Name the column of the ids that the book has: --map id=COLUMN; --yes contact-person-id-new: they are other"
        " people of the same name."
    ),
    accept=True,
)
_CHANNELS: dict[str, tuple[str, ...]] = {
    ContactChannel.PHONE: (
        *("telephone", "call", "tel", "mobile", "cell", "电话", "手机", "座机", "telefon", "anruf", "handy"),
        "mobil",
    ),
    ContactChannel.SMS: ("text", "text message", "短信"),
    ContactChannel.EMAIL: ("e-mail", "mail", "邮件", "电子邮件", "邮箱"),
    ContactChannel.WECHAT: ("微信", "weixin", "企业微信"),
    ContactChannel.WHATSAPP: ("whats app",),
    ContactChannel.SOCIAL: (
        *("social media", "linkedin", "facebook", "xing", "社交媒体", "社交平台", "qq", "钉钉", "飞书"),
        "soziale medien",
    ),
    ContactChannel.POST: ("letter", "postal", "信件", "信函", "邮寄", "brief", "post"),
    ContactChannel.VISIT: (
        "in person",
        "face to face",
        "拜访",
        "上门",
        "面谈",
        "当面",
        "besuch",
        "persönlich",
    ),
}
_GREETINGS: dict[str, tuple[str, ...]] = {
    WantedGreetings.ALL: ("yes", "every", "全部", "都要", "是", "所有", "alle", "ja"),
    WantedGreetings.BIRTHDAY: (
        *("birthdays", "birthday only", "only birthday", "生日", "仅生日", "只要生日", "geburtstag"),
        "nur geburtstag",
    ),
    WantedGreetings.NONE: (
        *("no", "no greetings", "never", "nil", "无", "空", "否", "不要", "不需要", "不问候"),
        *("keine", "nein"),
    ),
}


def _birthday(job: ImportJob, name: str) -> Parser:
    """A parser of birthdays: as `read_birthday` reads them, else as a day by the order of this column."""
    days = job.past_days(name)

    def parse(cell: str) -> str | RefusedValue | None:
        try:
            return str(read_birthday(cell))
        except BadInput as error:
            day = days(cell)
            return RefusedValue(error.phrase) if isinstance(day, RefusedValue) else day

    return parse


def _checked(name: str) -> Callable[[ImportJob, str], Parser]:
    return lambda job, field: text.checked(CHECKS[name])


class _Known(NamedTuple):
    """A contact person of the book, as far as a row of a file can mean them."""

    id: int
    source: str
    external_id: str | None
    name: str


class ContactPersonKind(UpsertKind):
    """Upserts on (source, id), else on the customer and the name."""

    name = "contact-persons"
    key_field = "id"
    repeats = False
    fields = (
        CUSTOMER,
        FileField(
            name="name",
            synonyms="full name, contact, contact name, contact person, "
            f"{LAST_NAMES}, 姓名, 联系人, 联系人姓名, 联系人名称, Ansprechpartner, Kontakt, Kontaktperson, "
            "Vollständiger Name",
            nothing=NOTHING_IN_NAMES,
            required=True,
        ),
        FileField(
            name="first_name",
            synonyms="first name, given name, forename, 名, 名字, Vorname",
            nothing=NOTHING_IN_NAMES,
        ),
        FileField(
            name="id",
            synonyms="contact id, contact no, contact number, 联系人编号, 联系人ID, Kontaktnummer, Kontakt-Nr, "
            "Ansprechpartnernummer",
            read=ImportJob.codes,
            nothing=NOTHING_BUT_NA,
            unique=True,
        ),
        FileField(
            name="role",
            synonyms="title, job title, position, function, 职务, 职位, 岗位, 角色, Funktion, Rolle, Stellung",
        ),
        FileField(
            name="channel",
            synonyms="preferred channel, contact by, preferred contact, 首选渠道, 联系方式偏好, 偏好渠道, 沟通渠道, "
            "Kanal, bevorzugter Kanal, Kontaktweg",
            read=lambda job, name: text.choice(_CHANNELS),
        ),
        FileField(
            name="email",
            synonyms="e-mail, mail, email address, 邮箱, 电子邮箱, 邮件, 电子邮件, E-Mail-Adresse, Mailadresse",
            unique=True,
            read=lambda job, name: text.email,
        ),
        FileField(
            name="phone",
            synonyms="telephone, phone number, mobile, mobile phone, tel, 电话, 联系电话, 手机, 手机号, 手机号码, "
            "Telefon, Telefonnummer, Handy, Mobil, Mobiltelefon",
            unique=True,
            read=_checked("phone"),
        ),
        FileField(
            name="language",
            synonyms="lang, preferred language, 语言, 语种, Sprache",
            read=_checked("language"),
        ),
        FileField(
            name="zone",
            synonyms="time zone, timezone, tz, 时区, Zeitzone",
            read=lambda job, name: text.timezone,
        ),
        FileField(
            name="country",
            synonyms="country code, 国家, 国家代码, 所在国家, Land",
            nothing=NOTHING_BUT_NA,
            read=_checked("country"),
        ),
        FileField(
            name="culture",
            synonyms="cultural background, home country, nationality, 文化, 文化背景, 国籍, Kultur, Herkunftsland, "
            "Nationalität",
            nothing=NOTHING_BUT_NA,
            read=_checked("culture"),
        ),
        FileField(
            name="birthday",
            synonyms="birthdate, birth date, date of birth, dob, 生日, 出生日期, 出生年月日, "
            "Geburtstag, Geburtsdatum, geboren am",
            read=_birthday,
        ),
        FileField(
            name="greetings",
            synonyms="wants greetings, greeting preference, 问候偏好, 问候, 祝福偏好, Grüße, Glückwünsche",
            nothing=NOTHING_IN_FACTS,
            read=lambda job, name: text.choice(_GREETINGS),
        ),
        FileField(
            name="do_not_contact",
            synonyms="do not contact, do not call, no contact, opt out, opted out, contact blocked, "
            "勿扰, 请勿联系, 禁止联系, 拒绝联系, nicht kontaktieren, Kontaktsperre",
            read=lambda job, name: text.yes_no,
        ),
        FileField(
            name="interests",
            synonyms="interest, hobbies, hobby, likes, 兴趣, 爱好, 兴趣爱好, 喜好, Interessen, Hobbys",
            read=_checked("interests"),
        ),
        FileField(
            name="note",
            synonyms="notes, comment, remarks, 备注, 说明, Notiz, Notizen, Bemerkung, Kommentar",
            read=ImportJob.paragraph,
        ),
    )
    staged: ClassVar = {
        "contact_id": Integer,  # whom of the book the row means
        "customer_id": Integer,
        "source": String,
        "external_id": String,
        **dict.fromkeys(("full_name", "role", "channel", "email", "phone", "language"), String),
        **dict.fromkeys(("zone", "country", "culture", "birthday", "greetings"), String),
        "do_not_contact": Boolean,
        "interests": String,
        "note": String,
    }
    writes = (WrittenTable(table=_contact, called=N_("contact people")),)

    def prepare(self, job: ImportJob) -> None:
        self._customers = CustomerReferences(job.connection, job.source)
        self._ids: set[str] = set()  # of the file
        self._other_ids: list[tuple[int, str, str]] = []  # line, id, the id of the namesake

    @property
    def known_keys(self) -> None:
        """None: who is not known by an id is looked for by name."""

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        self._customers.resolve(chunk)
        values, rows = chunk.values, range(len(chunk.lines))
        values["full_name"] = full_names(job.layout, chunk)
        by_id = self._by_id(job, {one for one in values["id"] if isinstance(one, str)})
        by_name = self._by_name(job, {one for one in values["customer_id"] if isinstance(one, int)})
        found = [self._find(job, chunk, row, by_id, by_name) for row in rows]
        values["contact_id"] = [None if one is None else one.id for one in found]
        # Who was entered by hand takes the id of the file; who came from another system keeps that one's.
        keeps = [
            one is not None and (one.external_id is not None or given is None)
            for one, given in zip(found, values["id"], strict=True)
        ]
        values["external_id"] = [None if kept else one for kept, one in zip(keeps, values["id"], strict=True)]
        values["source"] = [None if kept else job.source for kept in keeps]
        values["key"] = [self._key(chunk, row) for row in rows]

    def _find(
        self,
        job: ImportJob,
        chunk: Chunk,
        row: int,
        by_id: Mapping[str, _Known],
        by_name: Mapping[tuple[int, str], list[_Known]],
    ) -> _Known | None:
        """The contact person of the book whom a row means; refuses a row that may mean several."""
        given, customer, name = (chunk.values[one][row] for one in ("id", "customer_id", "full_name"))
        if isinstance(given, str):
            self._ids.add(given)
            if given in by_id:
                return by_id[given]
        if not isinstance(customer, int) or not isinstance(name, str):
            return None
        named = by_name.get((customer, person_key(name) or name), [])
        if isinstance(given, str):
            own = [one for one in named if one.source == job.source and one.external_id is not None]
            self._other_ids += [(chunk.lines[row], given, str(one.external_id)) for one in own]
            named = [one for one in named if one not in own]
        if len(named) > 1:
            chunk.refuse(
                row,
                "name",
                Phrase(
                    N_(
                        "%(count)s contact people of this customer have this name; give their ids in the file"
                    ),
                    count=len(named),
                ),
            )
        return named[0] if len(named) == 1 else None

    def _key(self, chunk: Chunk, row: int) -> str:
        """What a second row about the same contact person has as well."""
        values = chunk.values
        if values["contact_id"][row] is not None:
            return f"known:{values['contact_id'][row]}"
        if values["id"][row] is not None:
            return f"id:{values['id'][row]}"
        name = values["full_name"][row]
        return (
            f"name:{values['customer_id'][row]}:{person_key(name) or name if isinstance(name, str) else ''}"
        )

    def _by_id(self, job: ImportJob, ids: Collection[str]) -> dict[str, _Known]:
        found: dict[str, _Known] = {}
        for some in _some(sorted(ids)):
            known = select(*_KNOWN).where(_contact.c.source == job.source, _contact.c.external_id.in_(some))
            rows = map(_Known._make, job.connection.execute(known))
            found |= {one.external_id: one for one in rows if one.external_id is not None}
        return found

    def _by_name(self, job: ImportJob, customer_ids: Collection[int]) -> dict[tuple[int, str], list[_Known]]:
        found: dict[tuple[int, str], list[_Known]] = defaultdict(list)
        for some in _some(sorted(customer_ids)):
            known = select(*_KNOWN, _contact.c.customer_id).where(_contact.c.customer_id.in_(some))
            for *values, customer in job.connection.execute(known):
                one = _Known._make(values)
                found[customer, person_key(one.name) or one.name].append(one)
        return found

    def check(self, job: ImportJob) -> None:
        """Ask about people whose id may have changed: the book has their name by an id that the file has not."""
        super().check(job)
        unclear = [one for one in self._other_ids if one[2] not in self._ids]
        if unclear:
            line, key, known = min(unclear)
            job.findings.add(OTHER_ID, count=len(unclear), line=line, key=repr(key), known=repr(known))

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"id": self.stage.c.contact_id}

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        return {"name": self.stage.c.full_name, **super().columns(job)}

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        return {
            "source": func.coalesce(stage.source, job.source),
            "greetings": func.coalesce(stage.greetings, WantedGreetings.ALL.value),
            "do_not_contact": func.coalesce(stage.do_not_contact, literal(False)),
        }

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        upsert = self.upsert(job)
        changed = upsert.change(job.connection, batch_id)
        values = {**self.columns(job), **self.defaults(job), "batch_id": batch_id}
        there = exists(select(1).select_from(_contact).where(upsert.match))
        created = insert_staged(job.connection, _contact, self.stage, values, ~there)
        return Counts(created=created, changed=changed)


_KNOWN = [_contact.c[name] for name in _Known._fields]


def _some(keys: list[Any]) -> list[list[Any]]:
    return [keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)]
