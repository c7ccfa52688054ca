"""Care plans are approved from a day on and retired; running processes use them without a restart."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlmodel import select

from bot.app import Tierbot, build
from bot.clock import FixedClock
from bot.errors import BadInput, BotError, Conflict, NotAllowed, NotFound
from bot.services.care import plan_file
from bot.services.care.plan import CarePlan
from bot.services.care.plan_file import parse_plan
from bot.services.care.plan_versions import in_force, lifecycle
from bot.services.care.plan_versions.care_plans import CarePlans, ShippedPlan
from bot.services.care.plan_versions.lifecycle import PlanFile
from bot.services.schemes import store
from bot.services.schemes.store import SchemeFile
from bot.services.traits.fields import shipped_fields
from bot.settings import Settings
from db.care import plans
from db.care.plans import CarePlanVersion
from db.engine import Database
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.recorded import recorded
from tests.services.book import MONDAY, at

DAY = timedelta(days=1)
NOW = at(MONDAY, 8)
OPERATOR = factories.operator("Grace")
NO_FILES = CarePlans(())


def text(
    name: str = "own", version: int = 1, schemes: str = "[plain]", every: int = 30, step: str = "revisit"
) -> str:
    """A plan with one revisit for tier A."""
    return (
        f"plan: {name}\nversion: {version}\nschemes: {schemes}\nat_most_per_day: 8\ntiers:\n  A:\n    - id: {step}\n"
        "      kind: revisit\n      name: {en: Revisit, zh: 回访}\n"
        f"      every_days: {every}\n      at_most_days: {every + 15}\n      counts: [visit]\n"
    )


def file(*given: str | int, **changes: str | int) -> PlanFile:
    content = text(*given, **changes)  # type: ignore[arg-type]
    return PlanFile(plan=parse_plan(content, "own.yaml"), text=content, source="own.yaml")


def approve(
    database: Database, given: PlanFile, start: int = 0, today: int = 0, files: CarePlans = NO_FILES
) -> None:
    """`start` and `today` in days from Monday."""
    day = MONDAY + today * DAY
    lifecycle.approve(
        database,
        OPERATOR,
        given,
        files=files,
        fields=shipped_fields(),
        start=MONDAY + start * DAY,
        today=day,
        now=NOW,
    )


def in_force_on(database: Database, day: int) -> list[str]:
    with database.read() as session:
        return [f"{plan.plan}@{plan.version}" for plan in in_force.approved(session, MONDAY + day * DAY)]


def test_a_version_is_in_force_from_its_day_until_that_of_the_next(database: Database) -> None:
    approve(database, file())
    approve(database, file(version=2), start=10)
    assert {day: in_force_on(database, day) for day in (-1, 0, 9, 10, 99)} == {
        -1: [],
        0: ["own@1"],
        9: ["own@1"],
        10: ["own@2"],
        99: ["own@2"],
    }
    with database.read() as session:
        listed = lifecycle.listed(session, OPERATOR, CarePlans(()), today=MONDAY)
    assert [(status.label, status.effective_from, status.until) for status in listed] == [
        ("own@1", MONDAY, MONDAY + 10 * DAY),
        ("own@2", MONDAY + 10 * DAY, None),
    ]


def test_of_two_approvals_from_one_day_the_later_decision_counts(database: Database) -> None:
    approve(database, file())
    approve(database, file(version=2))
    assert in_force_on(database, 0) == ["own@2"]


def test_a_retired_plan_ends_with_what_was_to_come_and_can_be_approved_again(database: Database) -> None:
    approve(database, file())
    approve(database, file(version=2), start=10)
    ended = lifecycle.retire(database, OPERATOR, "own", today=MONDAY, now=NOW)
    assert (ended.version, in_force_on(database, 0), in_force_on(database, 10)) == (2, [], [])
    with pytest.raises(NotFound, match="No care plan own was approved"):
        lifecycle.retire(database, OPERATOR, "own", today=MONDAY, now=NOW)
    approve(database, file())
    assert in_force_on(database, 0) == ["own@1"]


def test_every_decision_is_in_the_audit_with_the_version_that_it_replaces(database: Database) -> None:
    approve(database, file())
    approve(database, file(version=2))
    lifecycle.retire(database, OPERATOR, "own", today=MONDAY, now=NOW)
    first, second = recorded(database, "care_plan_approved")
    (end,) = recorded(database, "care_plan_retired")
    assert [row.object for row in (first, second, end)] == [
        f"care_plan own@{version}" for version in (1, 2, 2)
    ]
    assert (first.before, second.before) == (None, '{"replaces":["own@1"]}')
    with database.read() as session:
        decided = plans.decisions(session)
    assert {(one.actor, one.at) for one in decided} == {("Grace", NOW)}


@pytest.mark.parametrize(
    ("given", "start", "error", "said"),
    [
        (file(), -1, BadInput, "is over; today is 2026-03-02"),
        (file(), 0, Conflict, "own@1 is in force on 2026-03-02 already"),
        (file(every=31), 0, BadInput, "in use never changes. Raise version: to 2 in the file"),
        (file("other"), 0, Conflict, r"own@1 is approved for plain already. Retire it first"),
        (file("other", schemes="[gold, plain]"), 5, Conflict, "approved for plain already"),
    ],
    ids=["past day", "in force", "other content", "same scheme", "one shared scheme"],
)
def test_what_cannot_be_approved_is_refused_and_leaves_no_trace(
    database: Database, given: PlanFile, start: int, error: type[BotError], said: str
) -> None:
    approve(database, file())
    with pytest.raises(error, match=said):
        approve(database, given, start)
    with database.read() as session:
        assert len(plans.decisions(session)) == 1
        assert len(session.exec(select(CarePlanVersion)).all()) == 1
    assert len(recorded(database, "care_plan_approved")) == 1


CREDIT = text("by_grade", schemes="[]").replace("tiers:", "by: credit\ntiers:")


def credit_file(step: str = "revisit") -> PlanFile:
    content = CREDIT.replace("id: revisit", f"id: {step}")
    return PlanFile(plan=parse_plan(content, "grades.yaml"), text=content, source="grades.yaml")


@pytest.mark.parametrize(
    ("approved", "files", "given", "pair"),
    [
        ([file()], [], credit_file(), "own@1|by_grade@1"),
        ([credit_file()], [], file(), "own@1|by_grade@1"),
        ([], [credit_file()], file(), "own@1|by_grade@1"),
        ([], [file("files", schemes="[]")], credit_file(), "files@1|by_grade@1"),
        ([credit_file("check")], [], file(), None),
        (
            [],
            [file("files", schemes="[gold]"), credit_file()],
            file(step="visit"),
            None,
        ),  # not for others' steps
        ([], [*plan_file.shipped_plans()], credit_file("credit_review"), None),
        ([], [*plan_file.shipped_plans()], credit_file(), "b2b_accounts@1|by_grade@1"),
    ],
)
def test_a_step_that_the_plan_for_credit_grades_has_too_is_refused(
    database: Database,
    approved: list[PlanFile],
    files: list[PlanFile | ShippedPlan],
    given: PlanFile,
    pair: str | None,
) -> None:
    for one in approved:
        approve(database, one)
    in_files = CarePlans(tuple(one.plan if isinstance(one, PlanFile) else one for one in files))
    if pair is None:
        approve(database, given, files=in_files)
        return
    plan, credit = pair.split("|")
    with pytest.raises(Conflict) as refused:
        approve(database, given, files=in_files)
    assert refused.value.text() == (
        f"{plan} has step 'revisit', which {credit} for credit grades has too; give it another id in one of them."
    )
    with database.read() as session:
        with pytest.raises(Conflict, match="for credit grades has too"):
            lifecycle.with_approved(session, in_files, given.plan, MONDAY)
        assert len(plans.decisions(session)) == len(approved)


def test_a_version_that_will_be_replaced_by_then_stands_in_nobodys_way(database: Database) -> None:
    approve(database, file())
    approve(database, file(version=2, schemes="[gold]"), start=10)
    with pytest.raises(Conflict, match="own@1 is approved for plain already"):
        approve(database, file("other"), start=9)
    approve(database, file("other"), start=10)
    assert [in_force_on(database, day) for day in (9, 10)] == [["own@1"], ["other@1", "own@2"]]


def test_a_comment_makes_no_other_content(database: Database) -> None:
    approve(database, file())
    lifecycle.retire(database, OPERATOR, "own", today=MONDAY, now=NOW)
    approve(database, replace(file(), text="# read by all\n" + text()))
    assert in_force_on(database, 0) == ["own@1"]


def test_two_plans_for_every_scheme_are_not_in_force_together(database: Database) -> None:
    approve(database, file(schemes="[]"))
    with pytest.raises(Conflict, match="approved for"):
        approve(database, file("other", schemes="[]"))
    approve(database, file("other", schemes="[gold]"))
    assert in_force_on(database, 0) == ["other@1", "own@1"]


@pytest.mark.parametrize(
    ("approved", "asked"),
    [
        ([], {"plain": "files@1", "gold": "files@1"}),
        ([file()], {"plain": "own@1", "gold": "files@1"}),
        ([file("files", version=3)], {"plain": "files@3", "gold": None}),
        ([file(schemes="[]")], {"plain": "own@1", "gold": "own@1"}),
        ([file(schemes="[]"), file("vip", schemes="[gold]")], {"plain": "own@1", "gold": "vip@1"}),
    ],
    ids=["only files", "one scheme", "same plan", "every scheme", "both"],
)
def test_files_serve_the_schemes_that_no_approved_plan_names(
    approved: list[PlanFile], asked: dict[str, str | None]
) -> None:
    files = CarePlans((file("files", schemes="[plain, gold]").plan,))
    together = in_force.with_files([one.plan for one in approved], files)
    found = {scheme: together.of_scheme(scheme) for scheme in asked}
    assert {name: plan and f"{plan.plan}@{plan.version}" for name, plan in found.items()} == asked


def wired(database: Database, clock: FixedClock) -> Tierbot:
    settings = Settings(_env_file=None, TIERBOT_TIMEZONE="UTC", TIERBOT_LANGUAGE="en")
    return replace(build(settings, clock=clock), database=database)


def test_a_running_process_uses_a_plan_from_its_day_on_by_one_query(database: Database) -> None:
    clock = FixedClock(NOW)
    bot = wired(database, clock)
    dependencies = bot.deps
    before = dependencies.rules
    assert before.plans.sources == bot.file_rules.plans.sources
    approve(database, file(), start=1)
    assert dependencies.rules.plans == before.plans
    clock.advance(DAY)
    plan = dependencies.rules.plans.of_scheme("plain")
    assert plan is not None
    assert plan.plan == "own"
    queries: list[str] = []
    event.listen(
        database.reader, "before_cursor_execute", lambda *given: queries.append(given[2].splitlines()[0])
    )
    assert dependencies.rules is dependencies.rules
    assert len(queries) == 2, "one for each of the two"
    lifecycle.retire(database, OPERATOR, "own", today=MONDAY + DAY, now=NOW)
    assert dependencies.rules.plans == before.plans


def test_a_process_reads_the_shipped_plans_of_the_schemes_that_grade_and_of_the_steps_it_is_asked_for(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def noted(path: Path) -> CarePlan:
        read.append(path.stem)
        return plan_file.load_plan(path)

    shipped = tuple(replace(one, reader=noted) for one in plan_file.shipped_plans())
    monkeypatch.setattr(plan_file, "shipped_plans", lambda: shipped)
    bot = wired(database, FixedClock(NOW))
    fingerprint = bot.rules.fingerprint
    assert bot.rules.plans.step("retail", "gold", "revisit") is not None
    assert read == ["retail"], "the plan of the step, and nothing else"
    read.clear()
    assert [plan.plan for plan in bot.rules.plans.plans] == ["credit_assessment", "standard"]
    finance = parse_scheme(preset_text("finance"), source="finance")
    with database.write() as session:
        store.record(session, SchemeFile(scheme=finance, text=preset_text("finance"), source="t"), NOW)
    assert [plan.plan for plan in bot.rules.plans.plans] == ["credit_assessment", "finance", "standard"]
    assert not {"manufacturing", "prospects", "services"} & {*read}
    assert bot.rules.fingerprint == fingerprint, "or one more scheme would plan the whole book again"
    assert len(bot.file_rules.plans.plans) == len(shipped)


def test_only_sales_operations_and_admins_decide(database: Database) -> None:
    anna = factories.operator("Anna", role="team_lead")
    with pytest.raises(NotAllowed, match="decide about care plans"):
        lifecycle.approve(
            database,
            anna,
            file(),
            files=NO_FILES,
            fields=shipped_fields(),
            start=MONDAY,
            today=MONDAY,
            now=NOW,
        )
    with pytest.raises(NotAllowed, match="decide about care plans"):
        lifecycle.retire(database, anna, "own", today=MONDAY, now=NOW)
    with database.read() as session, pytest.raises(NotAllowed, match="decide about care plans"):
        lifecycle.listed(session, anna, CarePlans([]), today=MONDAY)


def test_a_plan_is_found_as_a_file_as_a_shipped_one_or_as_an_approved_version(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text(version=7), encoding="utf-8")
    approve(database, file())
    approve(database, file(version=2))
    with database.read() as session:
        found = [lifecycle.find(session, name).label for name in (str(path), "own", "own@1")]
        with pytest.raises(NotFound, match="There is no care plan nothing"):
            lifecycle.find(session, "nothing")
    assert found == ["own@7", "own@2", "own@1"]
