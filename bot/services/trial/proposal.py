"""Propose a scheme from the firm's own customers."""

from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.errors import SeveralProblems
from bot.services import access
from bot.services.access import Act, Actor
from bot.services.grade import computed, scheme_choice
from bot.services.schemes import store
from bot.services.schemes.currency import common_currency
from bot.services.schemes.store import SchemeFile
from bot.wording import catalogue
from db.audit import AuditAction, ObjectKind
from db.book.trade import orders
from db.book.trade.order_lines import product_types
from db.engine import Database
from db.graded import schemes
from grading.indicators.orders import window_start
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names
from grading.scheme.reader import parse_scheme

if TYPE_CHECKING:
    from bot.frames import SourceRows


def propose_scheme(
    database: Database,
    preset: str,
    schemes_dir: Path | None,
    *,
    as_of: date | None,
    today: date,
    language: str = "en",
) -> str:
    """A preset's text with knots and constants from the firm's orders, in the currency of those orders.

    A preset's proposal gets a name of its own, `orders_only_own`, because a name and version stand for one content; a
    scheme of the firm keeps its name. The version is one that was not used yet.
    Knots come from the customers the scheme applies to, constants from all. Without `as_of`: the day of the last order.
    What the text says about its origin is in `language`.
    Raises BadInput without orders, or with orders in several currencies.
    """
    from bot.frames import computed_indicators
    from grading.diagnose.proposal import ProposalError, propose

    file = store.find(preset, schemes_dir)
    with database.read() as session:
        currency = common_currency(session)
        days = orders.first_and_last(session)
        assert days is not None  # there is an order that has this currency
        day = as_of or min(days[1], today)
        # The proposal counts in the currency of the orders, not in the preset's; invoices must be in it too.
        rows, constants = _book(session, replace(file.scheme, currency=currency), day)
        identity = _identity(session, file.scheme)
        theirs = computed.select_rows(rows, scheme_choice.customers_of_all(session, [file.scheme]))
    try:
        return propose(
            file.text,
            computed_indicators(theirs, file.scheme, day),
            currency=currency,
            as_of=day,
            identity=identity,
            constants=constants,
            words=catalogue.catalogue(language),
        )
    except ProposalError as error:
        raise SeveralProblems([error.phrase]) from None


def record_proposal(database: Database, actor: Actor, preset: str, text: str) -> None:
    """Write to the audit that somebody had a scheme proposed; to be called before they see it."""
    access.require(actor, Act.DECIDE_SCHEMES)
    with database.write() as session:
        actor.record(
            session,
            AuditAction.SCHEME_PROPOSED,
            ObjectKind.SCHEME,
            preset,
            after={"text_sha256": sha256(text.encode()).hexdigest()},
        )


def fill_in_constants(database: Database, file: SchemeFile, as_of: date) -> SchemeFile:
    """A scheme with the constants of the firm's book as of a day, and with everything else as it is."""
    from grading.diagnose.proposal import with_constants

    with database.read() as session:
        _, constants = _book(session, file.scheme, as_of)
    text = with_constants(file.text, constants)
    return SchemeFile(scheme=parse_scheme(text, source=file.source), text=text, source=file.source)


def _book(session: Session, scheme: Scheme, day: date) -> "tuple[SourceRows, dict[str, float]]":
    """What the indicators of all customers are computed from, and the constants of the whole book."""
    from bot.frames import book_constants_of

    rows = computed.load_rows(session, scheme, day)
    constants = book_constants_of(rows, day)
    if types := product_types(session, as_of=day, start=window_start(day, 12)):
        constants["product_types_sold"] = float(types)
    return rows, constants


def _identity(session: Session, scheme: Scheme) -> tuple[str, int]:
    """Name and version of a proposal."""
    is_preset = scheme.scheme in preset_names()
    name = f"{scheme.scheme}_own" if is_preset else scheme.scheme
    used = schemes.find_version(session, name)
    newest = used.version if used is not None else 0
    return name, max(newest, 0 if is_preset else scheme.version) + 1
