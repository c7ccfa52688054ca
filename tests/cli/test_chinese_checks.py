"""What is wrong with schemes, care plans and settings is said in Chinese; what people typed stays as it is."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.errors import BadInput
from bot.services.care.plan_file import load_plan
from bot.wording import catalogue
from grading.scheme.reader import _schema
from tests import test_broken_settings
from tests.cli.conftest import Program
from tests.cli.test_chinese import english
from tests.grading.scheme import test_broken_schemes
from tests.services.care import test_plan

CHINESE = catalogue.catalogue("zh")
LETTERS = re.compile("[A-Za-z]{2,}")
AS_TYPED = """
YAML UTF ISO IANA Asia Shanghai HTTP Basic Information OAuth https com api admins true false id
http tag yaml org env xoxb xapp en zh debug info warning error TIERBOT_PORT TIERBOT_HEALTH_PORT plan
revisit follow_up birthday anniversary once greeting visit meeting review credit_review call training survey complaint gift other
"""


@pytest.fixture
def chinese(program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    return program


def schema_words(schema: Any) -> Iterator[str]:
    """The keys and words that a scheme may have."""
    for name, part in schema.items() if isinstance(schema, dict) else ():
        if name == "properties":
            yield from part
        if name in ("enum", "const"):
            yield from [part] if isinstance(part, str) else part
        for one in part if isinstance(part, list) else [part]:
            yield from schema_words(one)


def untyped(said: str, typed: str) -> set[str]:
    """The English words of a sentence that nobody has typed: comments and English names of the file do not count."""
    typed = " ".join([re.sub(r'#.*|\ben: "[^"]*"', "", typed), *schema_words(_schema()), AS_TYPED])
    return {*english(said)} - {*LETTERS.findall(typed)}


# What the parser refuses, and schemes with faults that the table of broken schemes does not have.
REFUSED = [
    "", "- a", "just words", "{}", "a: 1\n---\nb: 2\n", "a: " + "[" * 200, 'scheme: "\\ud800"', "a: 'x\n",
    "a: {b: 1\nc: 2", "a: b: c", "a:\n- b\nc", "scheme：x\nversion: 1", 'a: "\\q"', "a: *x", "@a: 1", "a: %b", "a: [1 2",
    "- a: 1\n  - b", "a: |\n   x\n  y\n z", "a: }", "a: !<x y\n", "? [a]\n: b", "a: 1\n...\nb", "a: !",
]  # fmt: skip


def test_every_problem_of_a_scheme_can_be_read_in_chinese(chinese: Program, tmp_path: Path) -> None:
    broken = [preset.replace(old, new, 1) for _, preset, old, new, _, _ in test_broken_schemes.BROKEN]
    texts = {f"{number:03}.yaml": text for number, text in enumerate([*broken, *REFUSED])}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = chinese("scheme", "check", *texts)
    said: dict[str, list[str]] = defaultdict(list)
    for line in done.err.splitlines():
        place = re.match(r"(\d+\.yaml) 第 \d+ 行[，：]", line)
        assert place is not None, line
        said[place[1]].append(line)
    assert said.keys() == texts.keys()
    left = {
        line: words for name in said for line in said[name] if (words := untyped(line, name + texts[name]))
    }
    assert left == {}
    assert done.code == 2


def test_a_problem_of_a_scheme_names_place_fault_and_remedy_in_chinese(
    chinese: Program, tmp_path: Path
) -> None:
    text = test_broken_schemes.ORDERS.replace("weight: 45", "wieght: 45").replace(
        "currency: CNY ", "currency: 元 "
    )
    (tmp_path / "own.yaml").write_text(text, encoding="utf-8")
    assert chinese("scheme", "check", "own.yaml").err.splitlines() == [
        'own.yaml 第 5 行，currency："元" 不是货币；请用 ISO 代码，例如 CNY',
        "own.yaml 第 13 行，dimensions[0].weight：缺少“weight”；请添加“weight:”",
        "own.yaml 第 15 行，dimensions[0].wieght：未知的键“wieght”；是不是想写“weight”？",
    ]


SHIPPED = test_plan.EARLIER_TEXT
PLANS = [
    *(SHIPPED.replace(good, bad, 1) for good, bad, _ in test_plan.BROKEN),
    SHIPPED.replace("      kind: revisit", "      kind: revist", 1),
    SHIPPED.replace("      kind: revisit\n", "", 1),
    SHIPPED.replace("at_most_days: 45", "at_most_days: 20", 1),
    SHIPPED.replace("id: vip_follow_up", "id: revisit", 1),
    SHIPPED.replace("plan: standard\n", ""),
    SHIPPED.replace("New Year's Day", "New Year Day"),
    SHIPPED.replace("New Year's Day", "Xyz"),
    SHIPPED.replace("country: GB", "country: Britain"),
    SHIPPED.replace('"回访"', '""', 1),
    SHIPPED.replace('"回访"', f'"{"回访" * 40}"', 1),
    SHIPPED.replace("version: 1", "version: 1.5", 1),
    SHIPPED.replace("plan: standard", "plan: 7", 1),
    SHIPPED.replace("counts: [visit, meeting, call]", "counts: visit", 1),
    "- one\n",
    "tiers:\n  A: [\n",
    "tiers:\n  A: *gone\n",
    "plan: a\nplan: b\n",
]


@pytest.mark.parametrize("text", PLANS, ids=range(len(PLANS)))
def test_every_problem_of_a_care_plan_can_be_read_in_chinese(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_plan(tmp_path / "plan.yaml")
    said = refused.value.text(CHINESE)
    assert re.match(r"plan.yaml 第 \d+ 行[，：]", said)
    holidays = (
        "Christmas Boxing Good Friday Year New Day Easter Monday May Spring Bank Holiday Late Summer observed"
    )
    assert untyped(said, f"{text}\n{holidays}") == set()


def refused_settings() -> str:
    try:
        settings.load()
    except BadInput as error:
        return error.text(CHINESE)
    return ""


def test_every_problem_of_the_settings_can_be_read_in_chinese(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    operating_system = "Is a directory"
    said: dict[str, str] = {}
    for number, case in enumerate(test_broken_settings.CASES):
        (folder := tmp_path / str(number)).mkdir()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in test_broken_settings.furnish(folder, case).items():
                patch.setenv(name, value)
            if text := refused_settings():
                said[text] = " ".join(
                    [
                        *case["settings"],
                        *case["settings"].values(),
                        *case.get("files", {}).values(),
                        str(folder),
                        operating_system,
                    ]
                )
    assert len(said) >= 30
    assert {text: words for text, typed in said.items() if (words := untyped(text, typed))} == {}


def test_check_says_what_is_wrong_everywhere_in_chinese(
    chinese: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text(
        test_broken_schemes.ORDERS.replace("at: 70", "at: 30"), "utf-8"
    )
    (tmp_path / "plan.yaml").write_text(PLANS[0], encoding="utf-8")
    wrong = {"SCHEMES_DIR": "own", "CARE_PLAN": "plan.yaml", "PORT": "0", "CURRENCY": "元", "TIMZONE": "PRC"}
    for name, value in wrong.items():
        monkeypatch.setenv(f"TIERBOT_{name}", value)
    done = chinese("check")
    assert done.code == 2
    assert english(done.out) == []
    assert done.err.splitlines() == [
        "TIERBOT_PORT：'0' 不能用；请填 1 到 65535 的整数",
        "TIERBOT_CURRENCY：'元' 不是 ISO 货币代码；请写 CNY 这样的代码",
        "没有 TIERBOT_TIMZONE 这项设置：是不是想写 TIERBOT_TIMEZONE？",
        "mine.yaml 第 85 行，tiers[1].at：等级要从高到低排列，但 45 不低于 30；请调低，或改变顺序",
        "plan.yaml 第 26 行，tiers.A.0.every_days：缺失；请补上",
        "plan.yaml 第 30 行，tiers.A.0.every_day：关怀计划没有这个键；请删除或改正拼写",
        "6 个问题。",
    ]
    assert all(re.search("[a-z] ", problem) for problem in chinese("check", "--json").json["problems"])
