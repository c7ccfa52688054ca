"""What check, doctor and the log say of care plans that do not fit the schemes in force."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text

from bot.services.care.plan_file import FOLDER, load_all, load_own, parse_plan, shipped_plans
from bot.services.care.plan_versions import lifecycle
from bot.services.care.plan_versions.lifecycle import PlanFile
from bot.services.ops import care_plans, checks, doctor
from bot.services.ops.care_plans import CareOfDay
from bot.services.schemes import store
from bot.services.traits.fields import shipped_fields
from bot.settings import Settings
from db.engine import Database
from grading.scheme.model import Scheme
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.conftest import on_sqlite
from tests.services.care.test_plan import EARLIER, STEP, written

TODAY = date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
OPERATOR = factories.operator("Grace")
EARLIER_TEXT = EARLIER.read_text(encoding="utf-8")


def preset(name: str, scheme: str | None = None, **tiers: str) -> Scheme:
    """A shipped scheme under another name, its tiers renamed."""
    text = preset_text(name).replace(f"scheme: {name}", f"scheme: {scheme or name}", 1)
    for before, after in tiers.items():
        text = text.replace(f"id: {before},", f"id: {after},").replace(f"cap: {before}", f"cap: {after}")
    return parse_scheme(text, source=name)


def put_in_force(database: Database, scheme: Scheme, text: str) -> None:
    file = store.SchemeFile(scheme=scheme, text=text, source="test")
    with database.write() as session:
        store.put_in_force(session, file, actor="test", effective_from=date(2026, 1, 1), now=NOW)


def said(given: Path | None, *schemes: Scheme, today: date = TODAY) -> list[str]:
    care = CareOfDay(day=today, plans=load_all(given), schemes=schemes)
    return [sentence.text() for sentence in care_plans.problems([care])]


def noted(given: Path | None, *schemes: Scheme, schemes_dir: Path | None = None) -> list[str]:
    care = CareOfDay(day=TODAY, plans=load_all(given), schemes=schemes)
    found = care_plans.notices(load_own(given), care, schemes_dir)
    return [sentence.text() for sentence in found]


def test_what_is_shipped_has_a_plan_for_every_tier_of_every_shipped_scheme() -> None:
    schemes = [preset(name) for name in preset_names()]
    assert said(None, *schemes) == []
    assert noted(None, *schemes) == []


@pytest.mark.parametrize(
    ("scheme", "tiers", "copy"),
    [
        (preset("retail", "mine"), "gold, silver, bronze", "retail.yaml"),
        (preset("manufacturing", "mine"), "strategic, important, ordinary", "manufacturing.yaml"),
        (preset("finance", "mine", VIP="top"), "top, gold, regular", "plan.yaml"),
        (preset("orders_only", "mine", B="M"), "M", "plan.yaml"),
        (preset("credit_assessment", "mine", AAA="S"), "S", "plan.yaml"),
    ],
)
def test_a_tier_in_force_that_no_plan_names_is_a_problem_with_the_plan_to_copy(
    scheme: Scheme, tiers: str, copy: str
) -> None:
    assert said(None, scheme) == [
        f"Scheme mine: no care plan names {tiers} (`default` does not count); copy {FOLDER / copy}, give the copy another"
        " id and `schemes: [mine]`, and name it, or a folder with it, in TIERBOT_CARE_PLAN."
    ]


def test_the_advice_of_the_problem_solves_it(tmp_path: Path) -> None:
    copied = (FOLDER / "retail.yaml").read_text(encoding="utf-8")
    copied = copied.replace("plan: retail", "plan: ours", 1)
    copied = copied.replace("schemes: [retail, retail_own]", "schemes: [mine]")
    (tmp_path / "ours.yaml").write_text(copied, encoding="utf-8")
    for given in (tmp_path, tmp_path / "ours.yaml"):
        assert said(given, preset("retail", "mine"), preset("finance")) == []
        assert noted(given, preset("retail", "mine")) == []


def test_a_tier_that_is_given_no_steps_on_purpose_is_named(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "care", ours="schemes: [retail]\ntiers:\n  gold: []\n  silver: []\n  bronze: []\n"
    )
    assert said(folder, preset("retail")) == []
    assert noted(folder, preset("retail")) == [
        "Scheme retail: customers that are new, unrated have no care steps."
    ]


def test_an_installation_with_an_earlier_plan_hears_which_tiers_it_does_not_name(database: Database) -> None:
    put_in_force(database, preset("manufacturing"), preset_text("manufacturing"))
    with structlog.testing.capture_logs() as logs:
        care_plans.warn(database, load_all(EARLIER), TODAY)
    (line,) = logs
    assert (line["log_level"], line["event"], line["tiers"]) == (
        "warning",
        "care.tiers_without_plan",
        "strategic, important, ordinary",
    )
    settings = Settings(_env_file=None, TIERBOT_CARE_PLAN=str(EARLIER))
    found = doctor.examine(database, settings, doctor.Slack(team="Local"), NOW)
    (note,) = [one for one in found if one.about == "care"]
    assert note.level == "note"
    assert str(note.found) == (
        "no care plan names strategic, important, ordinary of scheme manufacturing: they have the steps of `default`"
    )
    assert str(FOLDER / "manufacturing.yaml") in str(note.remedy)
    shipped = doctor.examine(database, Settings(_env_file=None), doctor.Slack(team="Local"), NOW)
    assert [one for one in shipped if one.about == "care"] == []


def test_doctor_says_that_a_plan_is_broken(database: Database, tmp_path: Path) -> None:
    put_in_force(database, preset("retail"), preset_text("retail"))
    broken = tmp_path / "plan.yaml"
    broken.write_text("plan: x\n", encoding="utf-8")
    settings = Settings(_env_file=None, TIERBOT_CARE_PLAN=str(broken))
    found = doctor.examine(database, settings, doctor.Slack(team="Local"), NOW)
    (problem,) = [one for one in found if one.about == "care"]
    assert problem.level == "problem"
    assert "plan.yaml line 1, version: is missing; add it" in str(problem.found)


@pytest.mark.parametrize("year", [2026, 2027, 2035, 2045])
def test_no_occasion_of_a_shipped_plan_lacks_a_date(year: int) -> None:
    assert said(None, today=date(year, 1, 1)) == []


def test_a_holiday_whose_name_the_library_changes_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.services.care import holiday

    present = holiday._holidays

    def renamed(country: str, year: int) -> tuple[tuple[date, str], ...]:
        return () if (country, year) in (("CN", 2028), ("CN", 2030)) else present(country, year)

    monkeypatch.setattr(holiday, "_holidays", renamed)
    assert said(EARLIER) == [
        "holiday 'Chinese New Year (Spring Festival)' of CN has no date in 2028, 2030, so nobody would be greeted; name it"
        " by an id instead, such as spring_festival"
    ]


def test_a_greeting_on_the_day_of_the_dead_is_a_problem_and_no_reason_not_to_start(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    text = EARLIER_TEXT.replace("Chinese New Year (Spring Festival)", "Tomb-Sweeping Day")
    plan.write_text(text, encoding="utf-8")
    assert said(plan) == [
        "holiday 'Tomb-Sweeping Day': Qingming (Tomb-Sweeping Day) is for the dead of a family: nobody is greeted then;"
        " remove it"
    ]


def test_what_a_plan_names_and_no_scheme_has_is_a_notice(tmp_path: Path) -> None:
    steps = f"[{{id: a, {STEP}}}]"
    more = f"also:\n  - {{when: {{tier: [Z], risk: [overdu, loss_making]}}, steps: [{{id: b, {STEP}}}]}}\n"
    tiers = "tiers:\n" + "".join(
        f"  {tier}: {steps}\n" for tier in ("gold", "silver", "bronze", "tin", "default")
    )
    folder = written(tmp_path / "care", ours=f"schemes: [retail, retial]\n{tiers}{more}")
    assert noted(folder) == [
        "ours.yaml: there is no scheme 'retial'.",
        "ours.yaml: no scheme in use has the tiers tin, Z.",
        "ours.yaml: no scheme in use has the gates overdu, which it names as risks.",
    ]


def test_a_plan_for_every_scheme_is_compared_with_the_schemes_in_force() -> None:
    assert noted(EARLIER) == []
    assert noted(EARLIER, preset("orders_only")) == [
        "earlier_plan.yaml: no scheme in use has the tiers P1, P2."
    ]
    assert noted(EARLIER, preset("orders_only"), preset("prospects")) == []


def test_a_draft_without_a_plan_is_a_notice(tmp_path: Path) -> None:
    text = preset_text("retail").replace("scheme: retail", "scheme: mine", 1)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    care = written(tmp_path / "care", ours=f"tiers:\n  gold: [{{id: a, {STEP}}}]\n")
    assert noted(care, schemes_dir=tmp_path) == [
        "mine.yaml: the care plan has nothing for silver, bronze.",
    ]


def test_the_shipped_plans_are_read_once() -> None:
    for one in shipped_plans():
        assert one.read() is one.read()


RETAIL = (FOLDER / "retail.yaml").read_text(encoding="utf-8")


def approve(database: Database, text: str, start: date = TODAY) -> None:
    file = PlanFile(plan=parse_plan(text, "ours.yaml"), text=text, source="ours.yaml")
    lifecycle.approve(
        database,
        OPERATOR,
        file,
        files=load_all(None),
        fields=shipped_fields(),
        start=start,
        today=TODAY,
        now=NOW,
    )


def checked(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What `tierbot check` says of care plans."""
    monkeypatch.setenv("TIERBOT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TIERBOT_DATABASE_URL", database.url)
    found = checks.check_all(pytest.fail, TODAY)
    return [
        str(one) for one in [*found.problems, *found.notices] if "plan" in str(one) or "tiers" in str(one)
    ]


@on_sqlite
def test_an_approved_plan_is_checked_as_one_of_a_file_is(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine = preset("retail", "mine")
    put_in_force(database, mine, preset_text("retail").replace("scheme: retail", "scheme: mine", 1))
    (gap,) = checked(database, monkeypatch, tmp_path)
    assert "Scheme mine: no care plan names gold, silver, bronze" in gap
    assert gap.endswith("in TIERBOT_CARE_PLAN.")

    ours = RETAIL.replace("plan: retail", "plan: ours", 1)
    ours = ours.replace("schemes: [retail, retail_own]", "schemes: [mine]")
    approve(database, ours)
    assert checked(database, monkeypatch, tmp_path) == []

    # Two versions to come: one leaves out a tier, the next names one that no scheme has.
    later = ours.replace("version: 1", "version: 2", 1).replace("  bronze:", "  tin:", 1)
    approve(database, later, start=TODAY + timedelta(days=9))
    assert checked(database, monkeypatch, tmp_path) == [
        f"From 2026-05-13 on: Scheme mine: no care plan names bronze (`default` does not count); copy {FOLDER / 'retail.yaml'},"
        " give the copy another id and `schemes: [mine]`, and put it in force: tierbot care approve COPY."
    ]
    monkeypatch.setattr(care_plans.occasions, "days", lambda occasion, year: ())
    said = checked(database, monkeypatch, tmp_path)
    assert any("occasion new_year has no date in 2026, 2027, 2028" in one for one in said)


@on_sqlite
def test_the_advice_for_a_firm_that_approves_its_plans_solves_the_problem(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_in_force(database, preset("retail"), preset_text("retail"))
    approve(database, EARLIER_TEXT)
    (gap,) = [one for one in checked(database, monkeypatch, tmp_path) if one.startswith("Scheme")]
    assert gap.endswith("tierbot care approve COPY.")
    settings = Settings(_env_file=None)
    found = doctor.examine(database, settings, doctor.Slack(team="Local"), NOW)
    (note,) = [one for one in found if one.about == "care"]
    assert "tierbot care approve COPY" in str(note.remedy)
    approve(database, RETAIL.replace("plan: retail", "plan: ours", 1))
    assert [one for one in checked(database, monkeypatch, tmp_path) if one.startswith("Scheme")] == []
    found = doctor.examine(database, settings, doctor.Slack(team="Local"), NOW)
    assert [one for one in found if one.about == "care"] == []


@on_sqlite
def test_an_approved_plan_that_this_version_cannot_read_is_named_with_its_line(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    approve(database, RETAIL.replace("plan: retail", "plan: ours", 1))
    with database.write() as session:
        session.execute(
            text("UPDATE care_plan_version SET content = replace(content, 'version: 1', 'edition: 1')")
        )
    said = checked(database, monkeypatch, tmp_path)
    assert any("ours@1" in one and "edition" in one for one in said), said
    assert not any("cannot be opened" in one for one in said)
