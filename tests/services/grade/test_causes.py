"""The cause of a tier change: the customer's behaviour, another rule, or an override."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from bot.cli.output import presentation
from bot.services import alerts
from bot.services.grade import overrides
from bot.services.grade.overrides import OverrideRequest
from bot.wording.messages import TierChanged, TierDigest
from bot.wording.rendering import Renderer
from db.engine import Database
from tests import factories
from tests.conftest import first_on_postgresql, none_on_postgresql
from tests.services.ask.test_lookup import ADMIN
from tests.services.book import SETTINGS
from tests.services.test_alerts import FEBRUARY, JANUARY, Office

pytestmark = none_on_postgresql

RULE = "override: {allowed: true, needs: [reason], max_days: 60}\n"
# 0.4 × quality + 0.6 × service instead of 0.6 × quality + 0.4 × service.
NEWER = (
    factories.PLAIN_SCHEME.replace("version: 1", "version: 2")
    .replace("weight: 40\n", "weight: 61\n")
    .replace("weight: 60\n", "weight: 40\n")
    .replace("weight: 61\n", "weight: 60\n")
)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


def change_rules(office: Office) -> None:
    with office.database.write() as session:
        factories.scheme(session, NEWER, effective_from=FEBRUARY)


def said(message: TierChanged | TierDigest, language: str = "en") -> str:
    return presentation.as_text(Renderer().slots(message, language, mentions=False))


def test_a_move_that_the_old_rules_would_not_have_made_is_the_rules(office: Office) -> None:
    office.customer(90, 40)  # 0.6 × 90 + 0.4 × 40 = 70 is A; 0.4 × 90 + 0.6 × 40 = 60 is B
    office.grade(JANUARY)
    change_rules(office)
    (change,) = office.grade(FEBRUARY).changes
    assert (change.before, change.after, change.cause) == ("A", "B", "rule")
    alert = office.alert()
    assert (alert.cause, alert.score_before, alert.score_after) == ("rule", 70.0, 60.0)
    assert "Moved by the rules · not by the customer: Plain 1 → Plain 2" in said(alert)
    assert "the customer did not cause it" in said(alert)
    assert "规则变更" in said(alert, "zh")


def test_a_customer_that_fell_by_itself_is_not_excused_by_new_rules(office: Office) -> None:
    acme = office.customer(90, 40)
    office.grade(JANUARY)
    change_rules(office)
    office.learn(acme, FEBRUARY, quality=60)  # 0.6 × 60 + 0.4 × 40 = 52: B by the old rules too
    (change,) = office.grade(FEBRUARY).changes
    assert (change.after, change.cause) == ("B", "behaviour")
    assert "by the rules" not in said(office.alert())
    assert "What moved it:" in said(office.alert())


@first_on_postgresql
def test_a_digest_counts_those_the_rules_have_moved(office: Office) -> None:
    customers = [office.customer(90, 40, name=f"C{n}") for n in range(21)]
    office.grade(JANUARY)
    change_rules(office)
    office.learn(customers[0], FEBRUARY, quality=60)
    office.grade(FEBRUARY)
    (digest,) = office.messages()
    assert isinstance(digest, TierDigest)
    assert (digest.total, digest.by_rule, digest.by_hand) == (21, 20, 0)
    assert "20 moved by the rules, not by the customer: Plain 1 → Plain 2" in said(digest)
    assert said(digest).count("· by the rules") == 10 - 1  # the ten largest, one of them by itself


def test_a_persons_decision_is_named_and_not_explained_by_points(office: Office) -> None:
    with office.database.write() as session:
        factories.scheme(
            session,
            factories.PLAIN_SCHEME.replace("version: 1", "version: 3") + RULE,
            effective_from=date(2020, 1, 2),
        )
    acme = office.customer(50, 50)
    office.grade(JANUARY)
    office.learn(acme, JANUARY + timedelta(days=1), quality=60)
    now = datetime(2026, 2, 3, 9, tzinfo=UTC)
    notify = partial(
        alerts.enqueue_alerts, scheme_cache=office.scheme_cache, default_channel="#managers", language="en"
    )
    overrides.set_override(
        office.database,
        office.scheme_cache,
        ADMIN,
        acme,
        OverrideRequest(tier="A", reason="secret plans", expires_on=date(2026, 3, 3)),
        settings=SETTINGS,
        today=date(2026, 2, 3),
        now=now,
        notify=notify,
    )
    alert = office.alert()
    assert (alert.cause, alert.after.id, alert.decided_by) == ("override", "A", "Anna")
    words = said(alert)
    assert "Set by hand by Anna until Mar 3, 2026" in words
    assert "What moved it" not in words
    assert "secret" not in words  # a reason is for those who may see the customer
    overrides.end_override(
        office.database,
        office.scheme_cache,
        ADMIN,
        acme,
        reason="",
        today=date(2026, 2, 4),
        now=now,
        notify=notify,
    )
    ended = office.messages()[1]
    assert isinstance(ended, TierChanged)
    assert (ended.cause, ended.after.id, ended.decided_by) == ("override", "B", None)
    assert "A tier set by hand has ended" in said(ended)
