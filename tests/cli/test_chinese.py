"""With TIERBOT_LANGUAGE=zh every command answers in Chinese: no English word is left but what people type."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import settings
from bot.errors import BadInput
from bot.services.care.plan import load_plan
from bot.services.imports.check.findings import FINDINGS
from bot.settings import variables
from bot.wording import catalogue
from grading.scheme.presets import preset_names
from grading.scheme.reader import _schema
from tests import factories, test_broken_settings
from tests.cli.conftest import Program
from tests.grading.scheme import test_broken_schemes
from tests.services.care import test_plan

# What stays, and why. A regular expression each.
STAYS = {
    "lines of the log": r"(?m)^timestamp=.*$",
    "parts of a scheme": r"\bconstants\.",
    "commands, as they are typed": r"tierbot(?: (?:--)?[\w@./=:-]+)+",
    "options": r"--[a-z-]+(?:[= ][\w@./=:-]+)?",
    "names of findings, as --yes takes them": rf"\b(?:{'|'.join(sorted(FINDINGS, key=len, reverse=True))})\b",
    "settings": "|".join(name for name, _, _ in variables()),
    "files and folders": r"[\w./-]+\.(?:csv|yaml|db|md|jinja)[\w.-]*",
    "presets and schemes": rf"\b(?:{'|'.join([*preset_names(), 'orders_only_own', 'plain', 'simple_credit'])})\b",
    "what has no name but its column's in verify": r"\bassessment\b",
    "fields and columns of files": r"\b[a-z]+(?:_[a-z0-9]+)+\b|"
    r"\b(?:code|name|since|country|owner|email|role|customer|date|amount|currency|cost|field|value|rate|issued|"
    r"language|timezone|quality|service|standing|due|paid|kind|at|fallback|into|version)\b",
    "currencies": "CNY|USD|EUR",
    "encodings": r"utf-8|gb18030",
    "hashes of schemes": r"\b[0-9a-f]{8}\b",
    "words of --purpose, --reason and --state": r"\b(?:credit|account|prospect|no_scheme|unrated|uncertain|capped|override|"
    r"stale|shadow)\b",
    "words that a file has": r"abc|CN\b|nothing|nobody@example\.com|anna@example\.com|maybe|soon|C-\d+|O-\d+|X9",
    "what a scheme or a care plan says about itself, in one language": r"(?s)\n\n?scheme: .*",
    "names of products": r"Tierbot|Slack\b|SQLite|PostgreSQL|OAuth & Permissions|sqlite|"
    r"\b(?:python|tierbot|slack-bolt|slack-sdk|slack|sqlalchemy|apscheduler|pandas|tzdata|holidays)\b",
    "the clock of the world": "UTC",
    "placeholders of commands": "FILE|COLUMN|CODE|ORDER|SIGN|ID",
    "the machine's account": r"cli:\w+",
    "tiers and scores": r"\b[A-D]\b|\b[RFMk]\b",
}


def english(text: str) -> list[str]:
    """The English words in a text, without what stays."""
    for pattern in STAYS.values():
        text = re.sub(pattern, " ", text)
    return re.findall(r"[A-Za-z]{2,}", text)


FILES = {
    "people.csv": "email,name,role,language,timezone\nanna@example.com,安娜,account_manager,zh,Asia/Shanghai\n",
    "customers.csv": "code,name,since,country,owner\nC-1,宏远,2020-01-01,CN,anna@example.com\n"
    "C-2,天成,2020-01-01,CN,nobody@example.com\nC-3,宏远,2020-01-01,CN,\n",
    "orders.csv": "order_no,customer,date,amount,currency,cost\n"
    + "".join(f"O-{m},C-1,2025-{m:02d}-10,{9000 + m},CNY,{7000 - m}\n" for m in range(1, 13))
    + "O-20,C-2,2025-03-10,abc,CNY,1\nO-21,C-2,soon,5,CNY,1\nO-22,X9,2025-03-10,5,CNY,1\nO-23,C-2,2025-03-11,-500,CNY,1\n",
    "open.csv": "order_no,customer,date,amount\nO-30,C-1,03/04/2025,12\nO-31,C-1,05/04/2025,13\n",
    "invoices.csv": "invoice_no,customer,issued,due,amount,currency\nO-1,C-1,2025-10-01,2025-09-01,5,CNY\n",
    "facts.csv": "customer,field,value,date\nC-1,quality,80,2025-12-01\nC-1,service,maybe,2025-12-01\n",
    "rates.csv": "currency,date,rate\nUSD,2025-01-01,abc\nEUR,2025-01-01,7.8\n",
}

COMMANDS = """
import people people.csv
import profile customers.csv
import customers customers.csv --dry-run
import customers customers.csv
import profile orders.csv
import orders orders.csv --dry-run
import orders orders.csv --yes returns
import orders orders.csv
import profile open.csv
import orders open.csv
import profile invoices.csv
import invoices invoices.csv
import facts facts.csv
import profile rates.csv
import rates rates.csv
import list
import orders nothing.csv
scheme list
grade --scheme orders_only --as-of 2025-11-30
grade --as-of 2025-12-31 --dry-run
grade --as-of 2025-12-31
grade --as-of 2025-10-31
grade --replay 2025-06-01 2025-12-31
grade --replay 2025-06-01 2099-12-31
grade --purpose nothing
tier 宏远
tier C-1
tier C-2
why C-1
why C-1 --since 2099-01-01
history C-1
scheme list
scheme show orders_only
scheme propose orders_only
scheme propose orders_only --out own.yaml
scheme propose orders_only --out own.yaml
scheme check
scheme check nothing own.yaml
check
scheme diff own.yaml
scheme shadow own.yaml
scheme show own.yaml
scheme approve own.yaml --from 2099-01-01
scheme retire orders_only_own
scheme show nothing
customer duplicates
customer join C-3 C-1 --dry-run
customer join C-3 C-1
override list
override set C-1 A --reason 大客户
override set C-1 A --reason 大客户 --approver 王总 --until 2026-12-10
override set C-1 A --reason 大客户 --approver 王总 --until 2001-01-01
override list
override end C-1
override list --all
review list
review list --reason nothing
review answer C-2 unrated --note 已看
credit show C-1
grade --scheme credit.yaml
credit show C-1
credit approve C-1 --limit abc --reason 首年
credit approve C-1 --limit 1500 --terms 30 --reason 首年
verify
verify C-1
outbox list
outbox show 1
catch-up
report rfm
report value
report concentration
report rhythm
report products
import undo 1
import undo 99
doctor
db backup copy.db
db backup copy.db
db recount
db upgrade
db restore nothing.db
db restore copy.db --yes
"""


@pytest.fixture
def chinese(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    from tests.services.reports.test_credit import CREDIT_SCHEME

    monkeypatch.setenv("TIERBOT_LANGUAGE", "zh")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "plain.yaml").write_text(factories.PLAIN_SCHEME, encoding="utf-8")
    (tmp_path / "credit.yaml").write_text(CREDIT_SCHEME, encoding="utf-8")
    return program


def test_no_english_word_is_left_in_what_commands_say_in_chinese(chinese: Program) -> None:
    left: dict[str, list[str]] = {}
    for command in COMMANDS.strip().splitlines():
        done = chinese(*command.split())
        if words := english(done.out + done.err):
            left[command] = words
    assert left == {}


CHINESE = catalogue.catalogue("zh")
LETTERS = re.compile("[A-Za-z]{2,}")
AS_TYPED = """
YAML UTF ISO IANA Asia Shanghai HTTP Basic Information OAuth https com api admins true false id
http tag yaml org env xoxb xapp en zh debug info warning error TIERBOT_PORT TIERBOT_HEALTH_PORT plan revisit follow_up greeting visit meeting call training survey complaint gift other
"""


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


SHIPPED = test_plan.SHIPPED_TEXT
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
        "mine.yaml 第 82 行，tiers[1].at：等级要从高到低排列，但 45 不低于 30；请调低，或改变顺序",
        "plan.yaml 第 26 行，tiers.A.0.every_days：缺失；请补上",
        "plan.yaml 第 30 行，tiers.A.0.every_day：关怀计划没有这个键；请删除或改正拼写",
        "6 个问题。",
    ]
    assert all(re.search("[a-z] ", problem) for problem in chinese("check", "--json").json["problems"])
