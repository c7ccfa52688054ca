"""The shipped care plans: every tier of every shipped scheme has steps, and these make sense."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import get_args

import pytest

from bot.services.care import owed_care
from bot.services.care.conditions import ANY, Quadrant, Rfm
from bot.services.care.dues import Known, NotDue, steps_due
from bot.services.care.plan import (
    CONTACTS,
    DEFAULT,
    Anniversary,
    BirthdayStep,
    CareOf,
    FollowUp,
    Greeting,
    Once,
    Revisit,
    Step,
)
from bot.services.care.plan_file import FOLDER, load_all, load_plan, shipped_plans
from bot.services.imports.read.text import ACTIVITY_KINDS
from bot.wording.care.digest import CONTACT_LABELS
from db.book.facts import ContactKind
from grading.scheme.model import NEW, UNRATED, Gate, Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from grading.views.rfm import CLASSES, SEGMENTS
from grading.views.value_matrix import CELLS
from tests import factories

PLANS = {path.stem: load_plan(path) for path in sorted(FOLDER.glob("*.yaml"))}
SCHEMES = {name: parse_scheme(preset_text(name), source=name) for name in preset_names()}
TIERS = [
    (name, word)
    for name, scheme in SCHEMES.items()
    for word in (*(tier.id for tier in scheme.tiers), *([NEW] if scheme.min_history_months else []), UNRATED)
    if scheme.credit_limit is None or word != UNRATED
]


def test_every_shipped_scheme_has_a_plan_of_its_own_and_all_others_the_general_one() -> None:
    assert {name: plan.schemes for name, plan in PLANS.items() if name != "plan"} == {
        name: (name, f"{name}_own")
        for name in preset_names()  # the second is what `scheme propose` makes
    }
    assert (PLANS["plan"].schemes, DEFAULT in PLANS["plan"].tiers) == ((), True)
    assert len(load_all(None).plans) == len(PLANS)


def test_what_a_shipped_plan_serves_is_known_before_its_file_is_read() -> None:
    for one in shipped_plans():
        plan = one.read()
        assert (one.plan, one.schemes, one.by) == (plan.plan, plan.schemes, plan.by)


@pytest.mark.parametrize(("scheme", "tier"), TIERS)
def test_every_tier_of_every_shipped_scheme_is_named_and_has_steps(scheme: str, tier: str) -> None:
    assert PLANS[scheme].tiers[tier].steps
    if SCHEMES[scheme].credit_limit is None:
        plan = load_all(None).of_scheme(scheme)
        assert plan is not None
        assert plan.steps(CareOf(tier=tier, scheme=scheme, traits={}))


@pytest.mark.parametrize("name", preset_names())
def test_no_plan_names_a_tier_or_a_gate_that_its_scheme_does_not_have(name: str) -> None:
    plan, scheme = PLANS[name], SCHEMES[name]
    tiers = {tier for known, tier in TIERS if known == name}
    assert {*plan.tiers} == tiers
    conditions = [also.when for also in plan.also]
    assert {tier for when in conditions for tier in when.tier} <= tiers
    assert {risk for when in conditions for risk in when.risk} <= {gate.id for gate in scheme.gates} | {ANY}


@pytest.mark.parametrize("name", preset_names())
def test_every_risk_that_a_gate_of_the_scheme_finds_is_answered(name: str) -> None:
    answered = {risk for also in PLANS[name].also for risk in also.when.risk}
    assert {gate.id for gate in _capping(SCHEMES[name])} - answered <= _BY_CREDIT_GRADE


# Their conditions read the credit grade or lead to one, and the plan for credit grades answers it.
_BY_CREDIT_GRADE = {"dishonest", "insolvency", "long_overdue", "no_statements"}


def _capping(scheme: Scheme) -> Iterator[Gate]:
    return (gate for gate in scheme.gates if not gate.block)


@pytest.mark.parametrize("name", PLANS)
def test_every_step_says_in_both_languages_what_to_do(name: str) -> None:
    for step in PLANS[name].all_steps:
        assert step.hint is not None, step.id
        assert (step.name.en + step.hint.en).isascii(), step
        assert step.hint.en[-1] in ".?", step
        assert step.hint.zh[-1] in "。？", step
        for text in (step.name.zh, step.hint.zh):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text), step


@pytest.mark.parametrize("name", PLANS)
def test_every_step_has_a_window_that_people_can_keep(name: str) -> None:
    for step in PLANS[name].all_steps:
        assert _is_sane(step), step


def _is_sane(step: Step) -> bool:
    if step.again_days > 30 or step.minutes > 240:
        return False
    match step:
        case Revisit():
            return step.soon_days < step.every_days < step.at_most_days <= 2 * step.every_days
        case FollowUp():
            return step.within_days <= step.after_days
        case Greeting():
            return 1 <= step.days_before <= 7
        case BirthdayStep():
            return step.days_before == 0 and step.soon_days == 7
        case Anniversary():
            return step.days_before <= 7 if step.of == "since" else step.days_before <= 90
        case Once():
            return 3 <= step.within_days <= 30


@pytest.mark.parametrize("name", PLANS)
def test_every_step_can_be_planned(name: str) -> None:
    today = date(2026, 5, 4)
    known = Known(
        customer_id=1,
        country="CN",
        today=today,
        soonest=today,
        graded_on=today,
        contacts={"visit": today},
        dates={"since": date(2020, 3, 1), "contract_start": date(2024, 3, 31)},
        people=[factories.known_person(birthday="lunar leap --06-30")],
    )
    due = steps_due(PLANS[name].all_steps, known, owed_care.CALENDAR)
    # Of the birthday steps of several tiers only one greets.
    assert {one.why for one in due} <= {None, NotDue.FULFILLED, NotDue.OTHER_STEP}
    assert all(one.due.on <= one.due.latest for one in due if one.due is not None)


@pytest.mark.parametrize("name", preset_names())
def test_what_a_step_asks_for_fulfils_it(name: str) -> None:
    for step in PLANS[name].all_steps:
        assert step.what in step.fulfilled_by, step


@pytest.mark.parametrize("name", preset_names())
def test_a_better_tier_is_never_owed_less_than_a_lower_one(name: str) -> None:
    plan = PLANS[name]
    gaps = [
        min(step.every_days for step in plan.tiers[tier.id].steps if isinstance(step, Revisit))
        for tier in SCHEMES[name].tiers
    ]
    counts = [len(plan.tiers[tier.id].steps) for tier in SCHEMES[name].tiers]
    credit = SCHEMES[name].credit_limit is not None
    assert gaps == sorted(gaps, reverse=credit)
    assert counts == sorted(counts, reverse=not credit)


@pytest.mark.parametrize(
    "name", [name for name in preset_names() if name not in ("prospects", "credit_assessment")]
)
def test_the_best_tier_has_the_care_of_a_vip(name: str) -> None:
    plan, best = PLANS[name], SCHEMES[name].tiers[0].id
    care = plan.tiers[best]
    assert care.escalation is not None
    assert care.escalation.group_days is not None  # the emergency group
    kinds = {type(step) for step in care.steps}
    assert kinds >= {Revisit, FollowUp, Greeting, Anniversary, BirthdayStep}
    assert {step.id for step in care.steps} >= {"revisit", "vip_follow_up"}
    lost = {life for also in plan.also for life in also.when.lifecycle}
    assert lost >= {"silent", "lost"}
    (basic,) = [also for also in plan.also if also.only]
    assert basic.when.lifecycle == ("lost",)
    assert best not in basic.when.tier


@pytest.mark.parametrize("name", PLANS)
def test_no_two_steps_of_a_plan_have_one_text(name: str) -> None:
    texts = defaultdict[str, set[str]](set)
    for step in PLANS[name].all_steps:
        assert step.hint is not None
        for text in (step.hint.en, step.hint.zh):
            texts[text].add(step.id)
    assert {text: ids for text, ids in texts.items() if len(ids) > 1} == {}


def test_the_words_of_plans_are_those_of_the_book_and_of_the_views_on_value() -> None:
    assert {*CONTACTS} <= {*ContactKind}
    assert {*CONTACTS} <= {*ACTIVITY_KINDS}
    assert {*CONTACTS} <= {*CONTACT_LABELS}
    assert set(get_args(Quadrant)) == {*CELLS}
    assert set(get_args(Rfm)) == {*CLASSES, *SEGMENTS}
