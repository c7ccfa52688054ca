"""Inserts people, customers and their facts into a real database; each function returns the id of its row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from sqlmodel import Session, col, delete, select

from bot.clock import SystemClock
from bot.services.access import Actor
from bot.services.name_keys import derive_keys
from bot.services.schemes import store
from bot.services.schemes.store import SchemeFile
from db.audit import Door
from db.book.contact_people import BY_HAND, ContactPerson
from db.book.customers import Customer, CustomerName, CustomerRow, NameToken, Ownership
from db.book.facts import Activity, Fact
from db.book.people import Person, Team
from db.book.trade import order_totals
from db.book.trade.orders import Order
from db.care.planning import KnownPerson
from db.care.records.complaints import Complaint
from db.care.records.gifts import Gift
from db.care.records.promises import Promise
from db.care.records.surveys import SurveyScore
from db.graded.runs import Assessment, GradingRun
from grading.engine.inputs import pack
from grading.scheme.model import Scheme
from grading.scheme.reader import parse_scheme

LONG_AGO = date(2020, 1, 1)
AT = datetime(2026, 1, 1, tzinfo=UTC)
_numbers = count(1)

# A scheme whose score is 0.6 × quality + 0.4 × service, both recorded facts of 0 to 100.
PLAIN_SCHEME = """\
scheme: plain
version: 1
name: {en: Plain, zh: 简单}
record_type: account
as_of: month_end
window_months: 12
min_coverage: 0.6
dimensions:
  - id: quality
    name: {en: Quality, zh: 质量}
    weight: 60
    indicators:
      - {id: quality, name: {en: Quality, zh: 质量}, weight: 100, score: {fn: points, knots: [[0, 0], [100, 100]]}}
  - id: service
    name: {en: Service, zh: 服务}
    weight: 40
    indicators:
      - {id: service, name: {en: Service, zh: 服务}, weight: 100, score: {fn: points, knots: [[0, 0], [100, 100]]}}
tiers:
  - {id: A, at: 70, name: {en: Key, zh: 重点}}
  - {id: B, at: 45, name: {en: Important, zh: 重要}}
  - {id: C, at: 0, name: {en: Ordinary, zh: 普通}}
gates:
  - {id: credit, name: {en: Bad credit, zh: 信用差}, when: {field: credit, in: [D]}, cap: C}
  - {id: sanctions, name: {en: Sanctioned, zh: 受制裁}, when: {field: sanctions, in: [true]}, block: true}
"""


def scheme_text(indicators: Mapping[str, str], gates: Sequence[str] = ()) -> str:
    """A scheme of one dimension: `unit` (if any) and `score` of each indicator, of equal weight, and gates."""
    rest = 100 // len(indicators)
    weights = [100 - rest * (len(indicators) - 1), *[rest] * (len(indicators) - 1)]
    lines = [
        f"      - {{id: {name}, name: {{en: {name}, zh: {name}}}, weight: {weight}, {how}}}"
        for (name, how), weight in zip(indicators.items(), weights, strict=True)
    ]
    head = PLAIN_SCHEME[: PLAIN_SCHEME.index("dimensions:")].replace("as_of", "currency: EUR\nas_of")
    tiers = PLAIN_SCHEME[PLAIN_SCHEME.index("tiers:") : PLAIN_SCHEME.index("gates:")]
    dimension = "dimensions:\n  - id: all\n    name: {en: All, zh: 全部}\n    weight: 100\n    indicators:\n"
    return (
        head
        + dimension
        + "\n".join(lines)
        + "\n"
        + tiers
        + "gates:"
        + "".join(
            f"\n  - {{id: gate{number}, name: {{en: Gate, zh: 规则}}, {gate}}}"
            for number, gate in enumerate(gates)
        )
        + (" []\n" if not gates else "\n")
    )


def operator(name: str = "operator:test", role: str = "admin") -> Actor:
    """Who runs a command on the machine."""
    return Actor(
        person_id=0,
        name=name,
        role=role,
        team_id=None,
        led_teams=frozenset(),
        slack_user_id="",
        language="en",
        timezone="UTC",
        door=Door.COMMAND_LINE,
    )


def team(
    session: Session,
    name: str = "East",
    *,
    lead_id: int | None = None,
    channel: str | None = None,
    language: str | None = None,
) -> int:
    return _added(session, Team(name=name, lead_id=lead_id, channel=channel, language=language))


def person(
    session: Session,
    name: str = "Anna",
    *,
    role: str = "account_manager",
    team_id: int | None = None,
    slack: bool = True,
    timezone: str | None = "UTC",
    language: str | None = None,
    active: bool = True,
) -> int:
    """Anna is anna@example.com and, with `slack`, the Slack user U0ANNA."""
    return _added(
        session,
        Person(
            email=f"{name.lower()}@example.com",
            name=name,
            role=role,
            team_id=team_id,
            slack_user_id=f"U0{name.upper()}" if slack else None,
            slack_team="T0LOCAL" if slack else None,
            slack_status="member" if slack else None,
            slack_checked_at=SystemClock().now() if slack else None,
            timezone=timezone,
            language=language,
            active=active,
        ),
    )


def customer(
    session: Session,
    name: str = "ACME",
    *,
    owner_id: int | None = None,
    country: str | None = None,
    region: str | None = None,
    record_type: str = "account",
    since: date | None = None,
    archived: bool = False,
    code: str | None = None,
) -> int:
    """A customer that is found by its name and its code, which is K and a number unless given."""
    code = code or f"K{next(_numbers)}"
    customer_id = _added(
        session,
        Customer(
            code=code,
            name=name,
            country=country,
            region=region,
            record_type=record_type,
            since=since,
            archived=archived,
            created_at=AT,
        ),
    )
    names, tokens = derive_keys(code, name)
    replace_names(session, customer_id, names, tokens)
    if owner_id is not None:
        own(session, customer_id, owner_id)
    return customer_id


def replace_names(
    session: Session, customer_id: int, names: Iterable[tuple[str, str, str]], tokens: Iterable[str]
) -> None:
    """Store these (kind, name, key) and tokens as the names that find a customer."""
    session.exec(delete(CustomerName).where(col(CustomerName.customer_id) == customer_id))
    session.exec(delete(NameToken).where(col(NameToken.customer_id) == customer_id))
    by_key = {(kind, key): name for kind, name, key in names}
    session.add_all(
        CustomerName(customer_id=customer_id, kind=kind, name=name, key=key)
        for (kind, key), name in by_key.items()
    )
    session.add_all(NameToken(customer_id=customer_id, token=token) for token in dict.fromkeys(tokens))
    session.flush()


def customer_row(owner_id: int | None, owner_team_id: int | None = None) -> CustomerRow:
    """A customer of this owner, as a query gives it."""
    return CustomerRow(
        id=1,
        code="K1",
        name="ACME",
        record_type="account",
        version=1,
        owner_id=owner_id,
        owner_name=None if owner_id is None else "Anna",
        owner_team_id=owner_team_id,
        owner_slack_user_id=None,
    )


def own(session: Session, customer_id: int, person_id: int, *, since: date = LONG_AGO) -> int:
    return _added(session, Ownership(customer_id=customer_id, person_id=person_id, starts_on=since))


def order(
    session: Session,
    customer_id: int,
    day: date,
    amount: int | str | Decimal,
    *,
    cost: int | str | Decimal | None = None,
    currency: str = "EUR",
) -> int:
    number = _added(
        session,
        Order(
            customer_id=customer_id,
            source="test",
            external_id=f"O{next(_numbers)}",
            ordered_on=day,
            amount=Decimal(amount),
            cost=None if cost is None else Decimal(cost),
            currency=currency,
        ),
    )
    order_totals.add(session.connection(), col(Order.id) == number)
    return number


def contact(session: Session, customer_id: int, day: date, kind: str = "visit") -> int:
    return _added(
        session,
        Activity(
            customer_id=customer_id,
            source="test",
            external_id=f"V{next(_numbers)}",
            kind=kind,
            happened_on=day,
            recorded_at=AT,
        ),
    )


def contact_person(session: Session, customer_id: int, name: str = "Wang Li", **known: object) -> int:
    """A contact person at a customer."""
    return _added(session, ContactPerson(customer_id=customer_id, source=BY_HAND, name=name, **known))


def known_person(number: int = 1, **known: Any) -> KnownPerson:
    """A contact person as planning knows them."""
    nothing: dict[str, Any] = dict.fromkeys(KnownPerson._fields)
    wanted = {"customer_id": 1, "id": number, "greetings": "all", "do_not_contact": False}
    return KnownPerson(**{**nothing, **wanted, **known})


def complaint(
    session: Session, customer_id: int, day: date, *, closed_on: date | None = None, **values: Any
) -> int:
    """A complaint about quality with its activity, due ten days later."""
    activity = contact(session, customer_id, day, "complaint")
    row = session.get_one(Activity, activity)
    return _added(
        session,
        Complaint(
            customer_id=customer_id,
            activity_id=activity,
            source=row.source,
            external_id=row.external_id,
            kind="quality",
            deadline=day + timedelta(days=10),
            closed_on=closed_on,
            **values,
        ),
    )


def gift(session: Session, customer_id: int, day: date, value: int = 100, **values: Any) -> int:
    """A gift in CNY with its activity."""
    activity = contact(session, customer_id, day, "gift")
    row = session.get_one(Activity, activity)
    known: dict[str, Any] = {"what": "Tea", "currency": "CNY", "recorded_at": row.recorded_at}
    return _added(
        session,
        Gift(
            customer_id=customer_id,
            activity_id=activity,
            source=row.source,
            external_id=row.external_id,
            given_on=day,
            value=Decimal(value),
            **known | values,
        ),
    )


def survey_score(
    session: Session, customer_id: int, day: date, score: str = "8", scale: str = "1-10", **values: Any
) -> int:
    """A survey score with its contact; no fact follows from it."""
    activity = contact(session, customer_id, day, "survey")
    row = session.get_one(Activity, activity)
    return _added(
        session,
        SurveyScore(
            customer_id=customer_id,
            activity_id=activity,
            source=row.source,
            external_id=row.external_id,
            answered_on=day,
            score=score,
            scale=scale,
            **({"value": "3"} | values),
        ),
    )


def promise(session: Session, customer_id: int, due_on: date, **values: Any) -> int:
    """A promise of an offer by a day, made the day before; of the account manager where nobody else is named."""
    number = len(session.exec(select(Promise)).all()) + 1
    fields: dict[str, Any] = {
        "source": "tierbot",
        "external_id": f"promise:{number}",
        "what": "The offer",
        "made_on": due_on - timedelta(days=1),
        "due_on": due_on,
        "first_due_on": due_on,
        "recorded_at": datetime(2026, 1, 1, 9, tzinfo=UTC),
    }
    return _added(session, Promise(customer_id=customer_id, **(fields | values)))


def fact(session: Session, customer_id: int, field: str, value: object, day: date = LONG_AGO) -> int:
    return _added(
        session,
        Fact(
            customer_id=customer_id,
            field=field,
            measured_on=day,
            value=str(value).lower() if isinstance(value, bool) else str(value),
            source="test",
            recorded_at=AT,
        ),
    )


def scheme(session: Session, text: str = PLAIN_SCHEME, *, effective_from: date = LONG_AGO) -> int:
    """A scheme in force; the id of its version."""
    file = SchemeFile(scheme=_parsed(text), text=text, source="test")
    return store.put_in_force(session, file, actor="test", effective_from=effective_from, now=AT)


def graded(
    session: Session,
    tiers: Mapping[int, str],
    *,
    as_of: date,
    purpose: str = "account",
    text: str = PLAIN_SCHEME,
) -> int:
    """A published run with these customers in these tiers, independent of their facts."""
    version_id = scheme(session, text)
    run_id = _added(
        session,
        GradingRun(
            purpose=purpose,
            kind="snapshot",
            as_of=as_of,
            scheme_version_id=version_id,
            status="published",
            started_at=AT,
            published_at=AT,
            customers=len(tiers),
            snapshot=1 + len(session.exec(select(GradingRun.id).where(GradingRun.purpose == purpose)).all()),
        ),
    )
    (nothing,) = pack({}, 1, _parsed(text))
    for customer_id, tier in tiers.items():
        _added(
            session,
            Assessment(
                run_id=run_id,
                customer_id=customer_id,
                scheme_version_id=version_id,
                tier=tier,
                computed_tier=tier,
                coverage=1.0,
                certain=True,
                tier_since=as_of,
                standing=tier if tier in ("A", "B", "C") else None,
                since=1 if tier in ("A", "B", "C") else 0,
                inputs=nothing,
            ),
        )
    return run_id


@cache
def _parsed(text: str) -> Scheme:
    return parse_scheme(text, source="test")


def _added(session: Session, row: object) -> int:
    session.add(row)
    session.flush()
    row_id = getattr(row, "id")  # noqa: B009 - every table's key, whatever its class
    assert isinstance(row_id, int)
    return row_id
