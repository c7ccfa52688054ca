"""docs/care.md and its Chinese sister are held against the model, the shipped plans and the calendar."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.services.care import owed_care
from bot.services.care.conditions import Traits
from bot.services.care.dues import Known, steps_due
from bot.services.care.plan import (
    Also,
    Anniversary,
    BirthdayStep,
    CareOf,
    CarePlan,
    Escalation,
    FollowUp,
    Greeting,
    Once,
    Revisit,
    Step,
    TierCare,
)
from bot.services.care.plan_file import FOLDER, load_all, load_plan, parse_plan
from bot.services.care.plan_versions.care_plans import CarePlans
from bot.services.ops import care_plans
from grading.scheme.presets import preset_text
from grading.scheme.reader import parse_scheme

DOCS = Path(__file__).parents[3] / "docs"
PAGES = ["care.md", "care.zh.md"]
TEXTS = {page: (DOCS / page).read_text(encoding="utf-8") for page in PAGES}
REQUIRED = {"required", "必填"}
OF_ALL_STEPS = {*Revisit.model_fields} & {*Once.model_fields} - {"counts"}
DAY = timedelta(days=1)


def sections(page: str) -> list[str]:
    """The parts of a page below its headings, in order."""
    return re.split(r"(?m)^#+ .*$", TEXTS[page])[1:]


def rows(section: str) -> list[list[str]]:
    """The cells of the tables of a section, without their heads."""
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def own_fields(kind: type[BaseModel]) -> dict[str, FieldInfo]:
    return {name: field for name, field in kind.model_fields.items() if name not in OF_ALL_STEPS}


KEYS: list[dict[str, FieldInfo]] = [
    CarePlan.model_fields,
    TierCare.model_fields,
    Escalation.model_fields,
    {name: field for name, field in Revisit.model_fields.items() if name in OF_ALL_STEPS},
    *map(own_fields, (Revisit, FollowUp, Greeting, BirthdayStep, Anniversary, Once)),
    Also.model_fields,
    Traits.model_fields,
]


def default_of(field: FieldInfo) -> str:
    value: Any = field.default
    if isinstance(value, Escalation):
        return f"`{{manager_days: {value.manager_days}}}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(value)}]`" if value else ""
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return "" if value is None else f"`{value}`"


@pytest.mark.parametrize("page", PAGES)
def test_every_key_of_a_plan_has_a_row_with_its_default_and_no_other_key_has(page: str) -> None:
    tables = [
        [row for row in rows(section) if len(row) == 3 and not row[1].startswith("[")]
        for section in sections(page)
    ]
    keys = [table for table in tables if table]
    assert len(keys) == len(KEYS)
    for table, model in zip(keys, KEYS, strict=True):
        assert sorted(cells[0].strip("`") for cells in table) == sorted(model)
        for name, default, meaning in table:
            field = model[name.strip("`")]
            assert (default in REQUIRED) == field.is_required(), name
            assert field.is_required() or default == default_of(field), name
            assert meaning, name


@pytest.mark.parametrize("page", PAGES)
def test_the_table_of_shipped_plans_has_their_schemes_and_tiers(page: str) -> None:
    found = {}
    for _, link, tiers in (row for row in rows_of_plans(page)):
        file = re.findall(r"care/(\w+\.yaml)", link)[0]
        found[file] = re.findall(r"`(\w+)`", tiers)
    assert found == {path.name: [*load_plan(path).tiers] for path in FOLDER.glob("*.yaml")}


def rows_of_plans(page: str) -> list[list[str]]:
    lines = [line for line in TEXTS[page].splitlines() if "templates/care/" in line]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def examples(page: str) -> list[CarePlan]:
    return [parse_plan(text, page) for text in re.findall(r"```yaml\n(.*?)```", TEXTS[page], re.DOTALL)]


def test_both_pages_have_the_same_sections_tables_and_examples() -> None:
    for pattern in (r"(?m)^#+(?= )", r"(?m)^(\|[-|]+\|)$", r"```yaml\n.*?```", r"\| `.*?` \| 20.*"):
        english, chinese = (
            re.findall(pattern, TEXTS[page], re.DOTALL if "yaml" in pattern else 0) for page in PAGES
        )
        assert english
        assert chinese == english
    assert [row[0] for row in map(list, rows(TEXTS["care.md"]))] == [
        row[0] for row in rows(TEXTS["care.zh.md"])
    ]


@pytest.mark.parametrize("plan", examples("care.md"), ids=lambda plan: plan.plan)
def test_each_example_takes_the_place_of_the_shipped_plan(plan: CarePlan, tmp_path: Path) -> None:
    (scheme,) = plan.schemes
    plans = CarePlans.layered([plan], load_all(None).plans)
    used = plans.of_scheme(scheme)
    assert used is not None
    assert used.plan == plan.plan
    preset = parse_scheme(preset_text(scheme), source=scheme)
    assert care_plans.problems(plans, [preset], date(2026, 5, 4)) == []
    assert care_plans.notices({tmp_path / "own.yaml": plan}, plans, [preset], None) == []


def dates(plan: CarePlan, step: Step, start: date) -> list[str]:
    """When it is due, its latest day, and the first days on which manager and emergency group may hear of it."""
    due = next(
        one.due
        for one in steps_due([step], known(step, start), owed_care.CALENDAR)
        if one.due is not None and (not isinstance(step, Greeting) or one.due.latest == start)
    )
    tier = next((name for name, care in plan.tiers.items() if step in care.steps), "default")
    late = plan.escalation_of(tier, step)
    told = [
        str(due.latest + DAY * (days + 1)) if days is not None else ""
        for days in (late.manager_days, late.group_days)
    ]
    return [str(due.on), str(due.latest), *told]


def known(step: Step, start: date) -> Known:
    """A customer in China for whom a step is counted from a day."""
    contact = (
        step.counts[0] if isinstance(step, Revisit) else step.after[0] if isinstance(step, FollowUp) else None
    )
    day = start - DAY * 90 if isinstance(step, Greeting | Anniversary) else start
    return Known(
        customer_id=1,
        country="CN",
        today=day,
        soonest=day,
        graded_on=day,
        contacts={contact: start} if contact else {},
        owed_since={step.id: start},
        dates={"contract_start": date(2024, 3, 31)},
    )


def test_the_dates_of_the_examples_are_those_of_their_steps() -> None:
    checked = 0
    for plan, section in zip(examples("care.md"), _example_sections(), strict=True):
        steps = {step.id: step for step in reversed(plan.all_steps)}  # of the best tier that has it
        for name, start, *given in rows(section):
            expected = dates(plan, steps[name.strip("`")], date.fromisoformat(start))
            assert given == expected[: len(given)], (plan.plan, name)
            checked += 1
    assert checked == 13


def _example_sections() -> list[str]:
    return [section for section in sections("care.md") if "```yaml" in section]


def test_the_sentences_of_the_examples_hold() -> None:
    manufacturing, _, retail, _, _ = examples("care.md")
    lost = CareOf(tier="bronze", scheme="retail", traits={"lifecycle": frozenset({"lost"})})
    assert [step.id for step in retail.steps(lost)] == ["yearly"]
    terms = manufacturing.step("important", "terms")
    assert terms is not None
    assert terms.who == "finance"
