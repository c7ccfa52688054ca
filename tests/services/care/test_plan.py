"""The care plan as a file: what a good one means, and how a broken one is refused."""

import tracemalloc
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadInput
from bot.services.care.holiday import Holiday
from bot.services.care.plan import CareOf, CarePlan, Revisit
from bot.services.care.plan_file import SHIPPED, load_all, load_plan, parse_plan
from bot.services.care.plan_versions.care_plans import CarePlans

# A plan as it was written when there was one for all schemes, with holidays by country and name.
EARLIER = Path(__file__).with_name("earlier_plan.yaml")
EARLIER_TEXT = EARLIER.read_text(encoding="utf-8")
WHOLE = "line 1, plan: must be a block of keys; see the shipped plan"


def line_of(text: str, fragment: str) -> int:
    return text[: text.index(fragment)].count("\n") + 1


# What is wrong in the file, the place that is named, and the sentence with the remedy.
BROKEN = [
    (
        "every_days: 30",
        "every_day: 30",
        "tiers.A.0.every_day: is not a key of a care plan; remove it or mend its spelling",
    ),
    ("every_days: 30", "every_days: 0", "tiers.A.0.every_days: must be 1 or more, not 0"),
    ("every_days: 30", "every_days: soon", "tiers.A.0.every_days: must be a whole number, not 'soon'"),
    ("id: vip_follow_up", "ids: vip_follow_up", "tiers.A.1.ids: is not a key of a care plan"),
    (
        "counts: [visit, meeting, call]",
        "counts: [visits]",
        "tiers.A.0.counts.0: 'visits' is not allowed; use 'vis",
    ),
    ("counts: [visit, meeting, call]", "counts: []", "tiers.A.0.counts: is empty; name at least one"),
    ("at_most_per_day: 8", "at_most_per_day: 500", "at_most_per_day: must be 100 or less, not 500"),
    ("tiers:\n", "tiers: [A]\nold:\n", "tiers: must be a block of keys"),
    ("  C:\n", "  blocked:\n", "tiers.blocked: blocked customers are left alone; remove these steps"),
    ("version: 1", "version: one", "version: must be a whole number, not 'one'"),
    ('{en: "Revisit", zh: "回访"}', '"Revisit"', "tiers.A.0.name: must be a block of keys"),
    ('{en: "Spring Festival"', '{english: "Spring Festival"', "name.english: is not a key of a care plan"),
]


@pytest.mark.parametrize(("good", "bad", "sentence"), BROKEN)
def test_a_broken_plan_is_refused_with_file_line_key_and_remedy(
    tmp_path: Path, good: str, bad: str, sentence: str
) -> None:
    text = EARLIER_TEXT.replace(good, bad, 1)
    line = line_of(EARLIER_TEXT, good)
    assert f"plan.yaml line {line}, " in refusal(tmp_path, text)
    assert sentence in refusal(tmp_path, text)


def test_faults_of_several_keys_are_told_where_their_part_begins(tmp_path: Path) -> None:
    begin = line_of(EARLIER_TEXT, "- id: revisit")
    for good, bad, sentence in (
        (
            "      kind: revisit",
            "      kind: revist",
            "tiers.A.0: kind revist is not known; use 'revisit', 'follow",
        ),
        (
            "at_most_days: 45",
            "at_most_days: 20",
            "tiers.A.0: at_most_days must not be smaller than every_days",
        ),
        ("id: vip_follow_up", "id: revisit", "tiers.A: step 'revisit' is there twice; give each its own id"),
        (
            "      kind: revisit\n",
            "",
            "tiers.A.0: has no kind; use revisit, follow_up, greeting, birthday, anniversary or once",
        ),
    ):
        line = begin - (sentence.startswith("tiers.A: "))
        assert refusal(tmp_path, EARLIER_TEXT.replace(good, bad, 1)).startswith(
            f"plan.yaml line {line}, {sentence}"
        )


def test_a_missing_key_is_named_at_its_block(tmp_path: Path) -> None:
    assert refusal(tmp_path, EARLIER_TEXT.replace("plan: standard\n", "")) == (
        "plan.yaml line 1, plan: is missing; add it"
    )


def test_a_holiday_that_does_not_exist_is_told_once_with_a_near_one(tmp_path: Path) -> None:
    line = line_of(EARLIER_TEXT, "  - &new_year")
    text = EARLIER_TEXT.replace('holiday: "New Year\'s Day"', 'holiday: "New Year Day"')
    assert refusal(tmp_path, text) == (
        f"plan.yaml line {line}, occasions.1: GB has no holiday 'New Year Day'; did you mean \"New Year's Day\"?"
    )
    text = EARLIER_TEXT.replace("country: GB", "country: Britain")
    assert "country 'Britain' is not known; use an ISO code such as CN" in refusal(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", WHOLE),
        (b"- one\n- two\n", WHOLE),
        (b"just words", WHOLE),
        (b"tiers:\n  A: [\n", "line 3: is not readable YAML"),
        (b"tiers:\n  A: *gone\n", "line 2: is not readable YAML: found undefined alias 'gone'"),
        (b"plan: a\nplan: b\n", 'line 2: is not readable YAML: found duplicate key "plan"; mend it'),
        (b"\xff\xfe\x00", "is not readable YAML: invalid start byte; mend it or save it as UTF-8"),
        (b"plan: \x01", "is not readable YAML: special characters are not allowed"),
        (b"plan: 2026-02-30", "a day or a number in it does not exist; mend it or put it in quotes"),
        (b"plan: " + b"9" * 5_000, "a day or a number in it does not exist"),
        (b"version: 0x" + b"f" * 5_000, "a day or a number in it does not exist"),
        (b"version: 0o" + b"7" * 9_000, "a day or a number in it does not exist"),
        (b"version: !!bool x", "a day or a number in it does not exist"),
        (b"plan: " + b"[" * 100_000, "the values are nested too deeply"),
        (b"- " * 200_000, "the values are nested too deeply"),
        (b"- " * 150, "the values are nested too deeply"),
        (b"plan: a\n" * 200_000, "the file has more than 500,000 characters"),
        (b"plan: &a [*a]", "the aliases stand for more than 50,000 values; write the values out"),
    ],
)
def test_what_is_no_plan_at_all_is_refused(tmp_path: Path, text: bytes, sentence: str) -> None:
    assert sentence in refusal(tmp_path, text)


def bomb(part: str) -> str:
    """Lists of ten of the one before, six times: eight lines that stand for a million values."""
    lines = ["tiers: {}", f"a0: &a0 {part}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        bomb("x"),
        bomb("{a: 1}"),
        bomb("x").replace("a6: &a6", "tiers6:"),
        "a0: &a0 {k: v}\n" + "\n".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 40)),
    ],
    ids=["lists", "groups", "last", "merged"],
)
def test_nested_aliases_are_refused_before_their_values_are_made(tmp_path: Path, text: str) -> None:
    tracemalloc.start()
    refused = refusal(tmp_path, text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused == "plan.yaml: the aliases stand for more than 50,000 values; write the values out"
    assert most < 20_000_000


def test_a_plan_with_anchors_and_merged_groups_works(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "plan: own\nversion: 1\nat_most_per_day: 3\ntiers:\n"
        "  A: &steps\n    - &visit {id: visit, name: {en: Visit, zh: 拜访}, kind: revisit, every_days: 30,"
        " at_most_days: 45, counts: [visit]}\n"
        "  B: *steps\n"
        "  C:\n    - {<<: *visit, every_days: 90, at_most_days: 120}\n",
        encoding="utf-8",
    )
    plan = load_plan(path)
    assert plan.steps(of("B")) == plan.steps(of("A"))
    (rare,) = plan.steps(of("C"))
    assert isinstance(rare, Revisit)
    assert (rare.name.en, rare.every_days) == ("Visit", 90)


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = EARLIER_TEXT.replace("version: 1", "version: x").replace("after_days: 7", "after_days: 0")
    lines = refusal(tmp_path, text).splitlines()
    assert [line.split(": ")[0].rsplit(" ", 1)[1] for line in lines] == ["version", "tiers.A.1.after_days"]


def test_a_plan_of_an_earlier_version_gives_the_same_steps_as_before() -> None:
    plan = load_plan(EARLIER)
    for tier in ("A", "B", "C", "new", "unrated", "P1", "P2", "a tier of one's own"):
        assert isinstance(plan.steps(of(tier))[0], Revisit), tier
    assert plan.steps(of("blocked")) == ()
    assert {step.id for step in plan.steps(of("A"))} == {"revisit", "vip_follow_up", "greeting"}
    assert (plan.schemes, plan.by, plan.also) == ((), "tier", ())


@pytest.mark.parametrize("with_mark", [False, True])
def test_a_plan_of_ones_own_may_begin_with_a_byte_order_mark(tmp_path: Path, with_mark: bool) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8-sig" if with_mark else "utf-8")
    assert load_plan(path) == load_plan(None)


def holidays() -> list[Holiday]:
    return [one for one in load_plan(EARLIER).occasions if isinstance(one, Holiday)]


@pytest.mark.parametrize(
    ("country", "names"),
    [
        ("CN", ["春节", "元旦"]),
        ("china", ["春节", "元旦"]),
        ("中国", ["春节", "元旦"]),
        ("DE", ["元旦"]),
        (None, ["元旦"]),
    ],
)
def test_a_holiday_of_an_earlier_plan_suits_the_countries_that_it_names(
    country: str | None, names: list[str]
) -> None:
    assert [one.name.zh for one in holidays() if one.suits(country)] == names


def test_the_days_of_the_holidays_are_those_of_the_calendar() -> None:
    spring, new_year = holidays()
    festivals = [date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13)]
    for before, day in pairwise(festivals):
        assert spring.day(before) == before
        assert spring.day(before + timedelta(days=1)) == day
    assert new_year.day(date(2026, 1, 2)) == date(2027, 1, 1)


def test_nobody_is_greeted_on_the_day_of_the_dead_that_an_earlier_plan_names() -> None:
    qingming = Holiday.model_validate(
        {
            "name": {"en": "Qingming", "zh": "清明"},
            "country": "CN",
            "holiday": "Tomb-Sweeping Day",
            "where": ["*"],
        }
    )
    assert not qingming.suits("CN")
    assert "for the dead" in str(qingming.refusal)


STEP = "name: {en: Visit, zh: 拜访}, kind: revisit, every_days: 30, at_most_days: 45, counts: [visit]"
HEAD = "plan: own\nversion: 1\ntiers:\n"


def plan_of(text: str) -> CarePlan:
    return parse_plan(text, "own.yaml")


# What is wrong in a plan with the keys of this version, its line and key, and the sentence.
MISTAKES = [
    (f"{HEAD}  A:\n    - {{id: '', {STEP}}}\n", "line 5, tiers.A.0.id: is empty; write a text"),
    (
        f"{HEAD}  A:\n    - {{id: v, {STEP}, what: dance}}\n",
        "line 5, tiers.A.0.what: 'dance' is not allowed; use 'visit', 'meeting'",
    ),
    (
        f"{HEAD}  A:\n    - {{id: v, {STEP}, channel: fax}}\n",
        "line 5, tiers.A.0.channel: 'fax' is not allowed; use 'visit', 'phone', 'video', 'email' or 'message'",
    ),
    (
        f"{HEAD}  A:\n    - {{id: v, {STEP}, who: boss}}\n",
        "line 5, tiers.A.0.who: 'boss' does no steps; use owner, lead, viewer, account_manager",
    ),
    (
        f"{HEAD}  A:\n    - {{id: v, {STEP}, minutes: 0}}\n",
        "line 5, tiers.A.0.minutes: must be 1 or more, not 0",
    ),
    (
        f"{HEAD}  A:\n    - {{id: v, {STEP}, again_days: 0}}\n",
        "line 5, tiers.A.0.again_days: must be 1 or more, not 0",
    ),
    (
        f"{HEAD}  A:\n    steps:\n      - {{id: v, {STEP}}}\n    escalation: {{manager_days: 9, group_days: 3}}\n",
        "line 7, tiers.A.escalation: group_days must not be smaller than manager_days",
    ),
    (
        f"{HEAD}  A:\n    steps: []\n    step: []\n",
        "line 6, tiers.A.step: is not a key of a care plan; remove it or mend its spelling",
    ),
    (
        f"{HEAD}  A:\n    - {{id: g, name: {{en: G, zh: 问}}, kind: greeting, days_before: 1, occasions: [christmass]}}\n",
        "line 5, tiers.A.0.occasions.0: there is no occasion 'christmass'; did you mean christmas?",
    ),
    (
        f"{HEAD}  A:\n    - {{id: g, name: {{en: G, zh: 问}}, kind: greeting, days_before: 1, occasions: [qingming]}}\n",
        "occasions.0: Qingming (Tomb-Sweeping Day) is for the dead of a family: nobody is greeted then; remove it",
    ),
    (
        f"{HEAD}  A: []\nalso:\n  - steps: []\n    when: {{}}\n",
        "line 7, also.0.when: names no condition; give at least one, such as lifecycle: [lost]",
    ),
    (
        f"{HEAD}  A: []\nalso:\n  - steps: []\n    when: {{lifecycle: [gone]}}\n",
        "also.0.when.lifecycle.0: 'gone' is not allowed; use 'new', 'active', 'silent' or 'lost'",
    ),
    (
        f"{HEAD}  A: []\nalso:\n  - steps: []\n    when: {{quadrant: [best]}}\n",
        "also.0.when.quadrant.0: 'best' is not allowed; use 'platinum', 'gold', 'iron', 'silent', 'lead'",
    ),
    (
        f"{HEAD}  A: []\nalso:\n  - steps: []\n    when: {{rfm: [111]}}\n",
        "also.0.when.rfm.0: 111 is not allowed; use '111', '101'",
    ),
    (
        f"{HEAD}  A: []\nalso:\n  - steps: []\n    when: {{colour: [red]}}\n",
        "also.0.when.colour: is not a key of a care plan; remove it or mend its spelling",
    ),
    (
        f"{HEAD}  A: []\nalso:\n  - steps: []\n",
        "line 6, also.0.when: is missing; add it",
    ),
    (
        f"{HEAD}  A:\n    - {{id: v, {STEP}}}\nalso:\n  - when: {{lifecycle: [lost]}}\n    steps:\n      - {{id: v, {STEP}}}\n",
        "line 1, plan: step 'v' is there twice; give each its own id",
    ),
    (f"{HEAD}  A: []\nby: region\n", "line 5, by: 'region' is not allowed; use 'tier' or 'credit'"),
    (f"{HEAD}  A: []\nschemes: retail\n", "line 5, schemes: must be a list; start each item with a dash"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES, ids=range(len(MISTAKES)))
def test_each_mistake_in_a_plan_is_one_sentence_with_line_key_and_remedy(text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        plan_of(text)
    (said,) = refused.value.text().splitlines()
    assert said.startswith("own.yaml line ")
    assert sentence in said


BY_TRAITS = f"""{HEAD}  A: [{{id: a, {STEP}}}]
  default: [{{id: other, {STEP}}}]
also:
  - {{when: {{risk: [overdue, loss_making]}}, steps: [{{id: pay, {STEP}}}]}}
  - {{when: {{risk: [any]}}, steps: [{{id: risky, {STEP}}}]}}
  - {{when: {{tier: [a, B], lifecycle: [silent]}}, steps: [{{id: wake, {STEP}}}]}}
  - {{when: {{country: [CN]}}, steps: [{{id: china, {STEP}}}]}}
  - {{when: {{scheme: [retail], industry: [Tea, 茶叶]}}, steps: [{{id: tea, {STEP}}}]}}
  - {{when: {{lifecycle: [lost]}}, only: true, steps: [{{id: least, {STEP}}}]}}
"""


@pytest.mark.parametrize(
    ("customer", "steps"),
    [
        ({}, ["a"]),
        ({"tier": "Z"}, ["other"]),
        ({"risk": {"overdue"}}, ["a", "pay", "risky"]),
        ({"risk": {"market_risk"}}, ["a", "risky"]),
        ({"lifecycle": {"silent"}}, ["a", "wake"]),
        ({"tier": "Z", "lifecycle": {"silent"}}, ["other"]),
        ({"country": {"china"}}, ["a", "china"]),
        ({"country": {"中国"}}, ["a", "china"]),
        ({"country": {"cn"}}, ["a", "china"]),
        ({"country": {"japan"}}, ["a"]),
        ({"scheme": "retail", "industry": {"tea"}}, ["a", "tea"]),
        ({"scheme": "finance", "industry": {"tea"}}, ["a"]),
        ({"lifecycle": {"lost"}}, ["least"]),
        ({"lifecycle": {"lost"}, "risk": {"overdue"}}, ["pay", "risky", "least"]),
        ({"tier": "blocked", "lifecycle": {"lost"}}, []),
    ],
)
def test_conditions_add_steps_to_those_of_the_tier_or_take_their_place(
    customer: dict[str, Any], steps: list[str]
) -> None:
    assert [step.id for step in plan_of(BY_TRAITS).steps(of(**customer))] == steps


def test_an_escalation_is_the_steps_own_else_its_tiers_else_the_plans() -> None:
    plan = plan_of(
        "plan: own\nversion: 1\nescalation: {manager_days: 9}\ntiers:\n"
        f"  A:\n    escalation: {{manager_days: 1, group_days: 4}}\n    steps:\n      - {{id: a, {STEP}}}\n"
        f"      - {{id: b, {STEP}, escalation: {{manager_days: null}}}}\n"
        f"  B:\n    - {{id: a, {STEP}}}\n"
    )
    found = [plan.escalation_of(tier, step) for tier in "AB" for step in plan.steps(of(tier))]
    assert [(one.manager_days, one.group_days) for one in found] == [(1, 4), (None, None), (9, None)]


def written(folder: Path, **plans: str) -> Path:
    """A folder with a file for each plan: its name, and what follows `plan:` and `version:`."""
    folder.mkdir(exist_ok=True)
    for name, rest in plans.items():
        (folder / f"{name}.yaml").write_text(f"plan: {name}\nversion: 1\n{rest}", encoding="utf-8")
    return folder


TIERS = f"tiers:\n  A: [{{id: own, {STEP}}}]\n"


def chosen(plans: CarePlans, scheme: str | None) -> str | None:
    plan = plans.of_scheme(scheme)
    return plan.plan if plan else None


def test_each_scheme_has_the_firms_plan_else_the_shipped_one_else_the_general_one(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "care", mine=f"schemes: [retail, ours]\n{TIERS}", fin=f"schemes: [finance]\n{TIERS}"
    )
    for given in (folder, folder / "mine.yaml"):
        plans = load_all(given)
        assert [chosen(plans, one) for one in ("retail", "ours", "manufacturing", "unknown", None)] == [
            "mine", "mine", "manufacturing", "standard", "standard",
        ]  # fmt: skip
    assert chosen(load_all(folder), "finance") == "fin"
    assert chosen(load_all(folder / "mine.yaml"), "finance") == "finance"
    assert chosen(load_all(None), "retail") == "retail"


def test_a_plan_of_the_firm_for_every_scheme_is_the_only_one_as_before_there_were_several() -> None:
    plans = load_all(EARLIER)
    assert plans.plans == (load_plan(EARLIER),)
    assert chosen(plans, "manufacturing") == chosen(plans, "b2b_accounts") == "standard"


@pytest.mark.parametrize(
    ("plans", "sentence"),
    [
        ({"a": "schemes: [x]\n", "b": "schemes: [x, y]\n"}, "b.yaml: scheme 'x' has a plan in a.yaml already; name it in"),
        ({"a": "", "b": ""}, "b.yaml: a.yaml is a plan for every scheme already; add schemes: to one of them"),
        ({"a": "by: credit\n", "b": "by: credit\n"}, "b.yaml: the credit grades have a plan in a.yaml already; keep one"),
        ({"retail": "schemes: [x]\n"}, "retail.yaml: the shipped plan for other schemes has the id 'retail' too; give"),
    ],
)  # fmt: skip
def test_plans_that_contradict_each_other_are_refused(
    tmp_path: Path, plans: dict[str, str], sentence: str
) -> None:
    folder = written(tmp_path / "care", **{name: keys + TIERS for name, keys in plans.items()})
    with pytest.raises(BadInput) as refused:
        load_all(folder)
    assert refused.value.text().startswith(sentence)


def test_two_files_with_one_plan_id_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "care", a=f"schemes: [x]\n{TIERS}")
    (folder / "b.yaml").write_text(f"plan: a\nversion: 1\nschemes: [y]\n{TIERS}", encoding="utf-8")
    with pytest.raises(BadInput, match=r"b.yaml: plan 'a' is in a.yaml too; give one of them another id"):
        load_all(folder)


def test_a_step_that_the_plan_for_credit_grades_has_too_is_refused(tmp_path: Path) -> None:
    same = TIERS.replace("id: own", "id: credit_review_d")
    with pytest.raises(
        BadInput, match=r"plan 'a' has step 'credit_review_d', which plan 'credit_assessment'"
    ):
        load_all(written(tmp_path / "care", a=f"schemes: [x]\n{same}"))


def test_every_problem_of_every_file_of_a_folder_is_told_at_once(tmp_path: Path) -> None:
    folder = written(tmp_path / "care", a="", b="tiers: []\n", c=TIERS)
    with pytest.raises(BadInput) as refused:
        load_all(folder)
    assert refused.value.text().splitlines() == [
        "a.yaml line 1, tiers: is missing; add it",
        "b.yaml line 3, tiers: must be a block of keys; see the shipped plan",
    ]


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"has no care plan: no file in it ends in .yaml; add one, or name another"
    ):
        load_all(tmp_path)


def test_the_steps_of_a_credit_grade_come_besides_those_of_the_tier() -> None:
    plans = load_all(None)
    plan = plans.of_scheme("retail")
    assert plan is not None
    without = [step.id for step in plan.steps(of("gold", scheme="retail"))]
    risky = plan.steps(of("gold", scheme="retail", credit={"d"}))
    assert [step.id for step in risky] == [*without, "credit_review_d", "exit_talk"]
    assert plans.step_name("retail", "gold", "exit_talk").en == "Decide how to go on"


def test_a_due_step_of_a_time_when_there_was_one_plan_belongs_to_the_general_plan() -> None:
    plans = load_all(None)
    assert plans.step_name(None, "P1", "revisit").en == "Develop"
    assert plans.step_name("gone", "A", "revisit").en == "revisit"
    assert plans.step_name("manufacturing", "strategic", "gone").en == "gone"


def of(tier: str = "A", scheme: str | None = None, **traits: set[str]) -> CareOf:
    return CareOf(tier=tier, scheme=scheme, traits={name: frozenset(own) for name, own in traits.items()})


def refusal(folder: Path, text: str | bytes) -> str:
    path = folder / "plan.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BadInput) as refused:
        load_plan(path)
    return refused.value.text()


@pytest.mark.parametrize(
    ("days", "overdue", "since"),
    [(-1, False, None), (0, False, None), (1, False, 0), (5, False, 0), (6, True, 6), (90, True, 6)],
)
def test_a_step_is_due_from_its_day_on_and_overdue_after_its_limit(
    days: int, overdue: bool, since: int | None
) -> None:
    due, day = date(2026, 3, 2), timedelta(days=1)
    step = CarePlans(()).next_step(None, "A", "call", due, due + 5 * day, due + days * day)
    assert (step.overdue, step.since) == (overdue, None if since is None else due + since * day)
