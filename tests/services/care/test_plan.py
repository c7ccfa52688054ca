"""The care plan as a file: what a good one means, and how a broken one is refused."""

import tracemalloc
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.services.care.plan import Greeting, Revisit
from bot.services.care.plan_file import SHIPPED, load_plan

SHIPPED_TEXT = SHIPPED.read_text(encoding="utf-8")
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
    text = SHIPPED_TEXT.replace(good, bad, 1)
    line = line_of(SHIPPED_TEXT, good)
    assert f"plan.yaml line {line}, " in refusal(tmp_path, text)
    assert sentence in refusal(tmp_path, text)


def test_faults_of_several_keys_are_told_where_their_part_begins(tmp_path: Path) -> None:
    begin = line_of(SHIPPED_TEXT, "- id: revisit")
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
        ("      kind: revisit\n", "", "tiers.A.0: has no kind; use revisit, follow_up or greeting"),
    ):
        line = begin - (sentence.startswith("tiers.A: "))
        assert refusal(tmp_path, SHIPPED_TEXT.replace(good, bad, 1)).startswith(
            f"plan.yaml line {line}, {sentence}"
        )


def test_a_missing_key_is_named_at_its_block(tmp_path: Path) -> None:
    assert refusal(tmp_path, SHIPPED_TEXT.replace("plan: standard\n", "")) == (
        "plan.yaml line 1, plan: is missing; add it"
    )


def test_a_holiday_that_does_not_exist_is_told_once_with_a_near_one(tmp_path: Path) -> None:
    line = line_of(SHIPPED_TEXT, "  - &new_year")
    text = SHIPPED_TEXT.replace('holiday: "New Year\'s Day"', 'holiday: "New Year Day"')
    assert refusal(tmp_path, text) == (
        f"plan.yaml line {line}, occasions.1: GB has no holiday 'New Year Day'; did you mean \"New Year's Day\"?"
    )
    text = SHIPPED_TEXT.replace("country: GB", "country: Britain")
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
    assert plan.steps("B") == plan.steps("A")
    (rare,) = plan.steps("C")
    assert isinstance(rare, Revisit)
    assert (rare.name.en, rare.every_days) == ("Visit", 90)


def test_a_folder_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match="cannot be read: Is a directory; name a YAML file in TIERBOT_CARE_PLAN"
    ):
        load_plan(tmp_path)


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SHIPPED_TEXT.replace("version: 1", "version: x").replace("after_days: 7", "after_days: 0")
    lines = refusal(tmp_path, text).splitlines()
    assert [line.split(": ")[0].rsplit(" ", 1)[1] for line in lines] == ["version", "tiers.A.1.after_days"]


def test_the_shipped_plan_gives_each_tier_a_revisit_and_a_blocked_customer_nothing() -> None:
    plan = load_plan(None)
    for tier in ("A", "B", "C", "new", "unrated", "P1", "P2", "a tier of one's own"):
        assert isinstance(plan.steps(tier)[0], Revisit), tier
    assert plan.steps("blocked") == ()
    assert {step.id for step in plan.steps("A")} == {"revisit", "vip_follow_up", "greeting"}


@pytest.mark.parametrize("with_mark", [False, True])
def test_a_plan_of_ones_own_may_begin_with_a_byte_order_mark(tmp_path: Path, with_mark: bool) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(SHIPPED_TEXT, encoding="utf-8-sig" if with_mark else "utf-8")
    assert load_plan(path) == load_plan(None)


def greeting() -> Greeting:
    step = load_plan(None).step("A", "greeting")
    assert isinstance(step, Greeting)
    return step


@pytest.mark.parametrize(
    ("country", "name"),
    [
        ("CN", "春节"),
        ("china", "春节"),
        ("中国", "春节"),
        ("Singapore", "春节"),
        ("DE", "元旦"),
        (None, "元旦"),
    ],
)
def test_a_customer_gets_the_first_occasion_meant_for_its_country(country: str | None, name: str) -> None:
    occasion = greeting().occasion(country)
    assert occasion is not None
    assert occasion.name.zh == name


def test_the_days_of_the_holidays_are_those_of_the_calendar() -> None:
    spring, new_year = greeting().occasions
    festivals = [date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13)]
    for before, day in pairwise(festivals):
        assert spring.day(before) == before
        assert spring.day(before + timedelta(days=1)) == day
    assert new_year.day(date(2026, 1, 2)) == date(2027, 1, 1)


def test_whoever_is_late_for_the_lead_time_greets_today() -> None:
    spring = greeting().occasions[0]
    festival = date(2026, 2, 17)
    assert first_morning_before(spring, 3, date(2026, 1, 1)) == (date(2026, 2, 14), festival)
    assert first_morning_before(spring, 3, date(2026, 2, 16)) == (date(2026, 2, 16), festival)
    assert first_morning_before(spring, 3, date(2026, 2, 18)) == (date(2027, 2, 3), date(2027, 2, 6))


def refusal(folder: Path, text: str | bytes) -> str:
    path = folder / "plan.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(BadInput) as refused:
        load_plan(path)
    return refused.value.text()
