"""A book of customers with personal and financial fields, each value a canary that must not be seen."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from db.book.customers import CustomerKey
from db.book.facts import Activity, Fact
from db.engine import Database
from db.graded.credit import CreditApproval
from tests import factories

CODE = "canary.kunde@shop.example"  # as in a shop that knows its customers by their addresses
FACTS = {
    "email": "canary.info@acme.example",
    "手机": "13800731942",
    "phone": "+49 170 7391826",
    "tax_number": "DE739187264",
    "bank_account": "DE89370400440532013900",
    "address": "Canary Road 7",
    "contact_person": "Canary Chen",
    "remark": "ask canary.boss@acme.example",  # by what is in it, not by its field
    "net_worth": "73918264",
    "debt_ratio": "0.7391",
}
LIMIT = Decimal(91827)
SEEN = (
    *("canary", "Canary", "0731942", "07319", "7391826", "739187264", "440532013900"),
    *("73918264", "73,918,264", "73.9%", "0.7391", "91,827", "91827"),
)
SCHEME = factories.scheme_text(
    {
        "quality": "score: {fn: points, knots: [[0, 0], [100, 100]]}",
        "net_worth": "unit: EUR, score: {fn: points, knots: [[0, 0], [100000000, 100]]}",
        "debt_ratio": "unit: ratio, score: {fn: points, knots: [[0, 100], [1, 0]]}",
    }
)


def fill(database: Database, owner_id: int | None, day: date) -> int:
    """ACME with every canary, and a second customer that shares its tax number; the id of the first."""
    with database.write() as session:
        factories.scheme(session, SCHEME)
        acme = factories.customer(session, "ACME", code=CODE, owner_id=owner_id)
        other = factories.customer(session, "ACME Trading", code="K-2", owner_id=owner_id)
        for source, customer, code in (("shop", acme, CODE), ("erp", other, "K-2")):
            session.add(CustomerKey(customer_id=customer, source=source, external_id=code))
        for field, value in FACTS.items():
            factories.fact(session, acme, field, value, day - timedelta(days=40))
        factories.fact(session, other, "tax_number", FACTS["tax_number"], day)
        for customer in (acme, other):
            factories.fact(session, customer, "quality", 10, day - timedelta(days=40))
        session.add(
            Fact(
                customer_id=acme,
                field="fit",
                measured_on=day,
                value="3",
                source="test",
                author="Canary Author",
                evidence="canary evidence",
                recorded_at=factories.AT,
            )
        )
        session.add(
            Activity(
                customer_id=acme,
                source="slack",
                external_id="1",
                kind="visit",
                happened_on=day - timedelta(days=30),
                note="canary note",
                recorded_at=factories.AT,
            )
        )
    return acme


def approve_limit(database: Database, customer: int, version: int, day: date) -> None:
    with database.write() as session:
        session.add(
            CreditApproval(
                customer_id=customer,
                assessed_on=day,
                grade="A",
                scheme_version_id=version,
                approved_limit=LIMIT,
                approved_terms=30,
                reason="known",
                approved_by="operator",
                approved_on=day,
                approved_at=factories.AT,
            )
        )


def seen_in(text: str, *, allowed: Sequence[str] = ()) -> list[str]:
    """The canaries in a text."""
    for one in allowed:
        text = text.replace(one, "")
    return [canary for canary in SEEN if canary in text]
