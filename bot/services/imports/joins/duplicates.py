"""Customers that are probably one: the same name, tax number or e-mail domain in two systems."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from shlex import quote

from sqlalchemy import exists, func, select
from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.masking import mask_number
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.customer_rows import StagedNames
from bot.services.imports.job import ImportJob
from bot.services.name_keys import LEGAL_ENDINGS
from db.book import duplicates
from db.book.customers import Customer, CustomerKey, CustomerName, NameKind
from db.book.duplicates import Candidate, Shared, bare_name
from db.book.imports import table
from db.engine import Database
from db.privacy import EMAILS, TAX_NUMBERS

_customer, _key, _name = table(Customer), table(CustomerKey), table(CustomerName)

LIKELY = FindingType(
    name="likely-duplicates",
    level=Level.NOTE,
    sentence=N_(
        "New customers with the name of a customer from another system: %(count)d, such as %(name)s. See them: tierbot"
        " customer duplicates."
    ),
)
SAME_TAX_NUMBER = N_("the same tax number (%(value)s)")
MOST = 10  # customers that share a value; a value of more is no sign
GROUPS = 100  # values whose customers are read at once
# Everybody's: an address there says nothing about the company.
PUBLIC_DOMAINS = (
    *(
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "yahoo.de",
    ),
    *("yahoo.co.uk", "yahoo.co.jp", "ymail.com", "icloud.com", "me.com", "mac.com", "aol.com", "proton.me"),
    *(
        "protonmail.com",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "zoho.com",
        "gmx.de",
        "gmx.net",
        "gmx.at",
        "gmx.ch",
    ),
    *(
        "web.de",
        "t-online.de",
        "freenet.de",
        "posteo.de",
        "arcor.de",
        "bluewin.ch",
        "orange.fr",
        "wanadoo.fr",
    ),
    *("free.fr", "laposte.net", "libero.it", "qq.com", "vip.qq.com", "foxmail.com", "163.com", "vip.163.com"),
    *(
        "126.com",
        "yeah.net",
        "sina.com",
        "sina.cn",
        "sohu.com",
        "139.com",
        "189.cn",
        "wo.cn",
        "aliyun.com",
        "21cn.com",
    ),
)


@dataclass(frozen=True, kw_only=True)
class LikelyPair:
    """Two customers that are probably one, and the command that joins them."""

    customer: Candidate
    into: Candidate
    reasons: tuple[str, ...]

    @property
    def command(self) -> str:
        return f"tierbot customer join {_written(self.customer)} {_written(self.into)}"


def find_duplicates(database: Database, actor: Actor, limit: int, *, masked: bool = True) -> list[LikelyPair]:
    """Pairs that are probably one customer, those with most in common first; tax numbers are masked.

    Raises NotAllowed for who may not join customers.
    """
    access.require(actor, Act.IMPORT)
    reasons: dict[tuple[int, int], list[str]] = {}
    known: dict[int, Candidate] = {}
    with database.read() as session:
        for what, shared in (
            (SAME_TAX_NUMBER, duplicates.same_facts(session, sorted(TAX_NUMBERS))),
            (N_("the same name (%(value)s)"), duplicates.same_names(session, LEGAL_ENDINGS)),
            (
                N_("the same e-mail domain (%(value)s)"),
                duplicates.same_domains(session, sorted(EMAILS), PUBLIC_DOMAINS),
            ),
        ):
            for value, customer, into in islice(_pairs(session, shared, known), limit):
                shown = mask_number(value) if masked and what == SAME_TAX_NUMBER else value
                reasons.setdefault((customer, into), []).append(Phrase(what, value=shown))
    found = [
        LikelyPair(customer=known[customer], into=known[into], reasons=tuple(why))
        for (customer, into), why in reasons.items()
    ]
    return sorted(found, key=lambda pair: -len(pair.reasons))[:limit]


def note_duplicates(job: ImportJob, names: StagedNames) -> None:
    """Say how many new customers of a file have the name of another system's customer, with or without a legal form.

    By the index of names. Two names with different legal forms are found by `find_duplicates` only, which takes longer.
    """
    other_source = exists(select(1).where(_key.c.source != job.source))
    if not job.connection.execute(select(other_source)).scalar():
        return
    staged, own = names.names.c, _key.alias().c
    bare = bare_name(staged.name_key, LEGAL_ENDINGS)
    theirs = exists(
        select(1).where(
            _name.c.key.in_((staged.name_key, bare)),
            _name.c.kind.in_((NameKind.NAME, NameKind.ALIAS)),
            _name.c.customer_id == _customer.c.id,
            _customer.c.archived.is_(False),
            _key.c.customer_id == _customer.c.id,
            _key.c.source != job.source,
        )
    )
    is_new = ~exists(select(1).where(own.source == job.source, own.external_id == staged.key))
    found = select(func.count(), func.min(staged.name)).where(
        staged.kind == NameKind.NAME, func.length(staged.name_key) >= duplicates.SHORTEST, is_new, theirs
    )
    count, name = job.connection.execute(found).one()
    if count:
        job.findings.add(LIKELY, count=count, name=name)


def _pairs(
    session: Session, shared: Iterator[Shared], known: dict[int, Candidate]
) -> Iterator[tuple[str, int, int]]:
    """(value, customer, the one that should stay) of those who share a value; `known` gets the customers."""
    groups = (
        (value, [row.customer_id for row in rows])
        for value, rows in groupby(shared, key=lambda row: row.value)
    )
    few = ((value, members) for value, members in groups if len(members) <= MOST)
    while batch := list(islice(few, GROUPS)):
        wanted = {customer for _, members in batch for customer in members}
        known |= duplicates.candidates(session, sorted(wanted))
        for value, members in batch:
            # The one with the orders stays, else the one that has been there longest.
            stays, *others = sorted(
                (known[one] for one in members), key=lambda one: (-one.orders, one.customer_id)
            )
            for other in others:
                if other.source != stays.source or _plain(other.code) == _plain(stays.code):
                    yield value, other.customer_id, stays.customer_id


def _plain(code: str) -> str:
    """A code without what systems write differently: case, leading zeros, signs."""
    return re.sub("[^0-9a-z]", "", code.casefold()).lstrip("0")


def _written(customer: Candidate) -> str:
    return quote(f"{customer.source}:{customer.code}" if customer.source else customer.code)
