"""Survey scores: recorded with their contact, counted, shown on the card, and followed up where they are low."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import BadInput, Conflict, Hidden, NotAllowed
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.care import surveys
from bot.services.care.answers.steps import UNDO
from bot.services.care.escalation import escalate_late
from bot.services.care.plan import CarePlan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.care.surveys import SurveyAnswer
from bot.services.care.views import explanation
from bot.services.ops import doctor
from bot.wording.actions import Pointer
from bot.wording.care.escalations import CareEscalation
from bot.wording.care.surveys import LastScores, ScoreLogged
from db.audit import AuditEntry
from db.book.facts import Activity, Fact
from db.book.people import Team
from db.care.records.surveys import SurveyScore
from db.care.touches import Touch
from db.engine import Database
from db.graded import due_regrades
from db.processes import Repeated
from tests import factories
from tests.services.book import MONDAY, Book, at, rules

DAY = timedelta(days=1)
SURVEY_PLAN = CarePlan.model_validate(
    {
        "plan": "surveys",
        "version": 1,
        "tiers": {
            "default": [
                {
                    "id": "satisfaction",
                    "kind": "revisit",
                    "name": {"en": "Satisfaction survey", "zh": "满意度调查"},
                    "what": "survey",
                    "every_days": 30,
                    "at_most_days": 60,
                    "counts": ["survey"],
                }
            ]
        },
    }
)


@dataclass
class Office(Book):
    """A book in which Anna looks after ACME in the team of Lin; Ben is of another team."""

    acme: int = 0

    def fill(self, tier: str | None = "C") -> None:
        with self.database.write() as session:
            team = factories.team(session, "East")
            anna = factories.person(session, "Anna", team_id=team)
            session.get_one(Team, team).lead_id = factories.person(
                session, "Lin", role="team_lead", team_id=team
            )
            factories.person(session, "Ben", team_id=factories.team(session, "West"))
            self.acme = factories.customer(session, "ACME", owner_id=anna)
        if tier is not None:
            self.grade({self.acme: tier})

    def who(self, name: str) -> Actor:
        return self.actor(f"U0{name.upper()}")

    def record(
        self,
        score: str = "8",
        scale: str | None = "1-10",
        *,
        by: str = "Anna",
        form: str = "view:1",
        **more: Any,
    ) -> ScoreLogged:
        return surveys.record_score(
            self.database,
            self.who(by),
            SurveyAnswer(score=score, scale=scale, **more),
            meant=self.acme,
            source="slack",
            external_id=form,
            rules=self.rules,
            now=self.clock.now(),
        ).message

    def take_back(self, by: str = "Anna", within: timedelta | None = UNDO, **how: Any) -> ScoreLogged:
        (only,) = self.all(SurveyScore)
        pointer = Pointer(id=only.id, version=only.version)
        given = self.pressed() | how
        return surveys.undo(self.database, self.who(by), pointer, within=within, **given).message

    def all(self, table: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.exec(select(table).order_by(col(table.id))))

    def counted(self) -> list[tuple[date, str]]:
        """What the grading counts: the facts that hold."""
        return [(one.measured_on, one.value) for one in self.all(Fact) if one.superseded_at is None]

    def contacts(self) -> list[tuple[str, date]]:
        return [(one.kind, one.happened_on) for one in self.all(Activity)]

    def acts(self) -> list[str]:
        return [one.action for one in self.all(AuditEntry) if one.action.startswith("survey")]

    def follow_up(self) -> Touch:
        return self.touch(self.acme, "low_score")


def opened(database: Database, tier: str | None = "C", **more: Any) -> Office:
    office = Office(database, clock=FixedClock(at(MONDAY, 9)), **({"rules": rules()} | more))
    office.fill(tier)
    return office


@pytest.fixture
def office(database: Database) -> Office:
    return opened(database)


@pytest.mark.parametrize(
    ("score", "scale", "value"),
    [
        ("4", "1-5", "4"),
        ("4,5", "1-5", "4.5"),
        ("1", "1-10", "1"),
        ("8", "1-10", "4.11"),  # 1 + 4 x 7/9
        ("0", "nps", "1"),
        ("9", "nps", "4.6"),  # 1 + 4 x 9/10
        ("80", "percent", "4.2"),  # 1 + 4 x 0.8
    ],
)
def test_a_score_is_a_contact_and_a_dated_fact_on_the_scale_of_the_indicator(
    office: Office, score: str, scale: str, value: str
) -> None:
    said = office.record(score, scale, answered_on=MONDAY - DAY)
    assert (said.value, said.least, said.most) == (value, "1", "5")
    assert office.counted() == [(MONDAY - DAY, value)]
    assert office.contacts() == [("survey", MONDAY - DAY)]
    assert office.acts() == ["survey_recorded"]
    with office.database.read() as session:
        assert set(due_regrades.marked(session)) == {office.acme}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"score": "11"}, "11 is not between 1 and 10"),
        ({"score": "good"}, "good is not a score"),
        ({"score": "8.123"}, "at most two decimals"),
        ({"score": "NaN"}, "NaN is not a score"),
        ({"score": "1e1"}, "1e1 is not a score"),
        ({"score": "1_0"}, "1_0 is not a score"),
        ({"scale": None}, "Say on which scale the score is: 1-5, 1-10, nps, percent"),
        ({"scale": "stars"}, "stars is not a scale; use one of 1-5"),
        ({"answered_on": MONDAY + DAY}, "lies in the future"),
        ({"contact_person_id": 7}, "no longer there"),
        ({"note": "x" * 2_001}, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_what_to_do(
    office: Office, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        office.record(**wrong)
    assert (office.counted(), office.contacts()) == ([], [])


def test_the_contact_person_of_another_customer_did_not_answer(office: Office) -> None:
    with office.database.write() as session:
        other = factories.contact_person(session, factories.customer(session, "Globex", code="C2"))
    with pytest.raises(BadInput, match="no longer there"):
        office.record(contact_person_id=other)


def test_the_same_form_corrects_and_a_new_day_moves_contact_and_fact(office: Office) -> None:
    office.record()
    said = office.record("6", answered_on=MONDAY - DAY)
    assert said.corrected
    assert office.counted() == [(MONDAY - DAY, "3.22")]
    assert office.contacts() == [("survey", MONDAY - DAY)]
    assert office.acts() == ["survey_recorded", "survey_corrected"]


def test_the_id_of_a_survey_of_another_customer_is_refused(office: Office) -> None:
    office.record()
    with office.database.write() as session:
        office.acme = factories.customer(session, "Globex", code="C2", owner_id=office.who("Anna").person_id)
    with pytest.raises(Conflict, match="the id of another survey"):
        office.record()


@pytest.mark.parametrize("form", ["view:1", "view:2"])
def test_the_same_score_sent_twice_counts_once(office: Office, form: str) -> None:
    office.record()
    assert office.record(form=form).repeated
    assert len(office.contacts()) == len(office.counted()) == 1
    assert office.acts() == ["survey_recorded"]


def test_a_score_taken_back_counts_no_more_and_a_press_sent_twice_is_done_once(office: Office) -> None:
    office.record()
    press = office.press()
    assert office.take_back(request=press).taken_back
    assert (office.counted(), office.contacts(), office.all(SurveyScore)) == ([], [], [])
    with pytest.raises(Repeated):
        surveys.undo(
            office.database,
            office.who("Anna"),
            Pointer(id=1, version=1),
            **office.pressed() | {"request": press},
        )
    assert office.acts() == ["survey_recorded", "survey_undone"]


def test_by_button_only_who_recorded_it_takes_it_back_and_only_for_ten_minutes(office: Office) -> None:
    office.record()
    with pytest.raises(NotAllowed, match="Only the person who did this"):
        office.take_back(by="Lin")
    office.clock.advance(timedelta(minutes=11))
    with pytest.raises(Conflict, match="ten minutes"):
        office.take_back()
    assert office.take_back(within=None).taken_back


def test_a_button_of_an_earlier_version_takes_nothing_back(office: Office) -> None:
    office.record()
    office.record("7")
    with pytest.raises(Conflict, match="Somebody has changed this survey score"):
        surveys.undo(office.database, office.who("Anna"), Pointer(id=1, version=1), **office.pressed())


def test_a_score_that_came_by_import_is_taken_back_with_it(office: Office) -> None:
    with office.database.write() as session:
        factories.survey_score(session, office.acme, MONDAY, batch_id=7)
    with pytest.raises(Conflict, match="tierbot import undo 7"):
        office.take_back(within=None)


def test_who_may_not_see_the_customer_records_and_takes_back_nothing(office: Office) -> None:
    with pytest.raises(Hidden):
        office.record(by="Ben")
    office.record()
    with pytest.raises(Hidden, match="no longer there, or not for you"):
        office.take_back(by="Ben", within=None)


def test_the_card_says_the_last_score_and_its_trend(office: Office) -> None:
    def card() -> LastScores | None:
        with office.database.read() as session:
            anna = office.who("Anna")
            return lookup.card(session, office.scheme_cache, office.rules, anna, office.acme, MONDAY).scores

    assert card() is None
    office.record("70", "percent", answered_on=MONDAY - 9 * DAY)
    first = card()
    assert first is not None
    assert (first.score, first.scale.en, first.trend) == ("70", "Percent", None)
    office.record("6", form="view:2")
    both = card()
    assert both is not None
    # 70 % is 3.8 on the scale of the indicator, and 6 on 1-10 is 3.22.
    assert (both.score, both.answered_on, both.trend) == ("6", MONDAY, "down")
    assert (both.before_score, both.before_on) == ("70", MONDAY - 9 * DAY)


LOW = {"score": "3", "scale": "1-10"}


@pytest.mark.parametrize(("tier", "days"), [("A", 3), ("B", 5), ("C", 10)])
def test_a_low_score_opens_a_follow_up_for_the_owner_with_the_deadline_of_the_tier(
    database: Database, tier: str, days: int
) -> None:
    office = opened(database, tier)
    said = office.record(**LOW)
    assert (said.follow_up, said.follow_up_until) == ("owed", MONDAY + days * DAY)
    touch = office.follow_up()
    assert (touch.state, touch.due_on, touch.latest_on) == ("planned", MONDAY, MONDAY + days * DAY)
    office.go(MONDAY + DAY)
    ((address, digest),) = office.digests()
    assert address == f"person:{office.who('Anna').person_id}"
    (row,) = [one for one in digest.rows if one.kind == "low_score"]
    assert (row.step.en, row.left, row.options) == (
        *("Low survey score", days - 1),
        ("call", "visit", "meeting"),
    )


@pytest.mark.parametrize(
    ("score", "scale", "follow_up"),
    [
        ("2", "1-5", "owed"),
        ("2.5", "1-5", None),
        ("6", "nps", "owed"),
        ("7", "nps", None),
        ("50", "percent", "owed"),
    ],
)
def test_the_scale_says_what_is_low(office: Office, score: str, scale: str, follow_up: str | None) -> None:
    assert office.record(score, scale).follow_up == follow_up
    assert len(office.touches(office.acme, "low_score")) == (follow_up is not None)


def test_several_low_scores_of_a_day_are_one_follow_up_until_the_last_is_taken_back(office: Office) -> None:
    office.record(**LOW)
    office.record("2", "1-10", form="view:2")
    assert office.follow_up().state == "planned"
    for number, version in ((1, 1), (2, 1)):
        assert office.follow_up().state == "planned"
        pointer = Pointer(id=number, version=version)
        surveys.undo(office.database, office.who("Anna"), pointer, **office.pressed())
    assert (office.follow_up().state, office.follow_up().reason) == (
        *("cancelled",),
        "the low survey score was taken back",
    )


def test_a_correction_to_a_good_score_supersedes_the_follow_up_and_back_opens_it_with_its_own_deadline(
    office: Office,
) -> None:
    office.record(**LOW)
    office.record("9")
    assert office.follow_up().state == "cancelled"
    office.record(**LOW)
    assert (office.follow_up().state, office.follow_up().latest_on) == ("planned", MONDAY + 10 * DAY)


def test_a_later_contact_fulfils_the_follow_up_and_done_closes_it_for_good(office: Office) -> None:
    office.record(**LOW)
    office.log(office.who("Anna"), office.acme, MONDAY)  # the same day: perhaps before the score was known
    assert office.follow_up().state == "planned"
    office.go(MONDAY + DAY)
    office.log(office.who("Anna"), office.acme, MONDAY + DAY, form_id="2")
    assert office.follow_up().state == "done"
    office.record("2", "1-10", form="view:2")
    _, again = office.touches(office.acme, "low_score")
    closed = office.done(office.who("Anna"), Pointer(id=again.id or 0, version=again.version), "call")
    assert (closed.outcome, closed.step.en) == ("done", "Low survey score")
    office.go(MONDAY + 30 * DAY)
    assert [state for state, _ in office.states(office.acme, "low_score")] == ["done", "done"]


def test_a_follow_up_past_its_deadline_is_told_to_the_manager(office: Office) -> None:
    office.record(**LOW)
    for day in range(1, 12):
        office.go(MONDAY + day * DAY)
        escalate_late(office.sending(), "")
    told = [(where, one) for where, one in office.sent() if isinstance(one, CareEscalation)]
    ((address, late),) = told
    assert address == f"person:{office.who('Lin').person_id}"
    assert [(row.step.en, row.name) for row in late.rows] == [("Low survey score", "ACME")]


def test_an_old_survey_opens_no_follow_up(office: Office) -> None:
    assert office.record(**LOW, answered_on=MONDAY - 61 * DAY).follow_up is None
    assert office.touches(office.acme, "low_score") == []


@pytest.mark.parametrize(("tier", "said"), [(None, "ungraded"), ("blocked", "blocked")])
def test_without_a_tier_the_low_score_is_named_by_doctor_until_somebody_is_asked(
    database: Database, tier: str | None, said: str
) -> None:
    office = opened(database, tier)
    assert office.record(**LOW).follow_up == said
    assert office.touches(office.acme, "low_score") == []

    def found() -> list[str]:
        with office.database.read() as session:
            return [str(one.found) for one in doctor._surveys(session, MONDAY + DAY)]

    assert found() == ["1 low survey score has no follow-up"]
    office.grade({office.acme: "B"})
    office.plan()
    assert office.follow_up().state == "planned"
    assert found() == []


def test_a_plan_is_not_needed_for_the_follow_up(database: Database) -> None:
    office = opened(database, rules=replace(rules(), plans=CarePlans(())))
    office.record(**LOW)
    assert office.follow_up().plan is None
    with office.database.read() as session:
        found = explanation.explain(
            session, office.who("Anna"), office.rules, office.acme, office.clock.now()
        )
    assert [one.step.id for one in found.owed] == ["low_score"]
    for day in range(1, 12):
        office.go(MONDAY + day * DAY)
        escalate_late(office.sending(), "")
    assert len([one for _, one in office.sent() if isinstance(one, CareEscalation)]) == 1


@pytest.fixture
def surveying(database: Database) -> Office:
    """An office whose plan asks for a survey; its step is in today's digest."""
    office = opened(database, rules=replace(rules(), plans=CarePlans((SURVEY_PLAN,))))
    with database.write() as session:
        factories.contact(session, office.acme, MONDAY - 30 * DAY, "survey")
    office.go(MONDAY + DAY)
    return office


def finish(office: Office, answer: SurveyAnswer | None, **how: Any) -> Any:
    pointer = replace(office.button(), choice="survey")
    given = office.pressed() | how
    return surveys.finish(office.database, office.who("Anna"), pointer, answer=answer, **given).closed


def test_done_of_a_survey_step_records_its_score_with_one_contact(surveying: Office) -> None:
    closed = finish(surveying, SurveyAnswer(score="4", scale="1-5"))
    assert (closed.outcome, closed.next_due) == ("done", MONDAY + 31 * DAY)
    assert surveying.contacts() == [("survey", MONDAY - 30 * DAY), ("survey", MONDAY + DAY)]
    assert surveying.counted() == [(MONDAY + DAY, "4")]


def test_done_without_a_score_records_the_contact_only(surveying: Office) -> None:
    assert finish(surveying, None).outcome == "done"
    assert (len(surveying.contacts()), surveying.counted()) == (2, [])


def test_a_wrong_score_leaves_the_step_open(surveying: Office) -> None:
    with pytest.raises(BadInput):
        finish(surveying, SurveyAnswer(score="9", scale="1-5"))
    assert [state for state, _ in surveying.states(surveying.acme, "satisfaction")] == ["reminded"]


def test_undo_of_done_takes_the_score_back_with_its_follow_up(surveying: Office) -> None:
    button = surveying.button()
    finish(surveying, SurveyAnswer(score="1", scale="1-5"))
    assert surveying.follow_up().state == "planned"
    surveying.undo(surveying.who("Anna"), replace(button, version=button.version + 1))
    assert (surveying.all(SurveyScore), surveying.counted(), len(surveying.contacts())) == ([], [], 1)
    assert surveying.follow_up().state == "cancelled"
    assert surveying.acts() == ["survey_recorded", "survey_undone"]


def test_taking_back_only_the_score_leaves_the_step_done(surveying: Office) -> None:
    finish(surveying, SurveyAnswer(score="4", scale="1-5"))
    surveying.take_back()
    assert (surveying.counted(), len(surveying.contacts())) == ([], 2)
    assert surveying.states(surveying.acme, "satisfaction")[0][0] == "done"
