"""With TIERBOT_LANGUAGE=zh every command answers in Chinese: no English word is left but what people type."""

import re
from pathlib import Path

import pytest

from bot.services.imports.check.findings import FINDINGS
from bot.settings import variables
from grading.scheme.presets import preset_names
from tests import factories
from tests.cli.conftest import Program

# What stays, and why. A regular expression each.
STAYS = {
    "lines of the log, which programs read": r"(?m)^timestamp=\S+ level=.*$",
    "parts of a scheme": r"\bconstants\.",
    "commands, as they are typed": r"tierbot(?: (?:--)?[\w@./=:-]+)+",
    "options": r"--[a-z-]+(?:[= ][\w@./=:•-]+)?",
    "names of findings, as --yes takes them": rf"\b(?:{'|'.join(sorted(FINDINGS, key=len, reverse=True))})\b",
    "settings": "|".join(name for name, _, _ in variables()),
    "files and folders": r"[\w./-]+\.(?:csv|yaml|db|md|jinja|jsonl)[\w.-]*",
    "presets and schemes": rf"\b(?:{'|'.join([*preset_names(), *(f'{name}_own' for name in preset_names()), 'plain', 'simple_credit'])})\b",
    "what has no name but its column's in verify": r"\bassessment\b",
    "fields and columns of files": r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b|"
    r"\b(?:code|name|since|country|owner|email|role|customer|date|amount|currency|cost|field|value|rate|issued|"
    r"language|timezone|subtract|ended|quality|service|standing|due|paid|kind|at|fallback|into|version)\b",
    "currencies": "CNY|USD|EUR",
    "encodings": r"utf-8|gb18030",
    "anchors of the audit": r"\b\d+:[0-9a-f]{64}\b",
    "hashes of schemes": r"\b[0-9a-f]{8}\b",
    "words of --purpose, --reason and --state": r"\b(?:credit|account|prospect|no_scheme|unrated|uncertain|capped|override|"
    r"stale|shadow)\b",
    "words that a file has": r"abc|CN\b|nothing|\w•••@example\.com|maybe|soon|C-\d+|O-\d+|X9",
    "what a scheme or a care plan says about itself, in one language": r"(?s)\n\n?scheme: .*",
    "names of products": r"Tierbot|Slack\b|SQLite|PostgreSQL|OAuth & Permissions|sqlite|"
    r"\b(?:python|tierbot|slack-bolt|slack-sdk|slack|sqlalchemy|apscheduler|pandas|tzdata|holidays)\b",
    "time zones": "UTC|Asia/Shanghai",
    "placeholders of commands": "FILE|COLUMN|CODE|ORDER|SIGN|ID|WORD",
    "formats of files": "JSON|CSV|UTF",
    "words of --date-order": "dmy|mdy|ymd",
    "the machine's account": r"operator:\w+",
    "tiers and scores": r"\b(?:A{1,3}|[B-D]|P\d|VIP)\b|\b[RFMk]\b|\b(?:gold|silver|bronze|core|important|ordinary|regular|strategic|standard|RFM)\b",
}


def english(text: str) -> list[str]:
    """The English words in a text, without what stays."""
    for pattern in STAYS.values():
        text = re.sub(pattern, " ", text)
    return re.findall(r"[A-Za-z]{2,}", text)


FILES = {
    "people.csv": "email,name,role,language,timezone\nanna@example.com,安娜,account_manager,zh,Asia/Shanghai\n"
    "wang@example.com,王总,admin,zh,Asia/Shanghai\n",
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
person hours anna@example.com --days Sun-Thu --from 09:00 --country CN
person hours anna@example.com --days 五天
person hours anna@example.com --reset
person away anna@example.com --from 2099-01-01 --until 2099-01-05
person away anna@example.com --from 2099-01-01 --until 2099-01-05 --deputy wang@example.com
person back anna@example.com
person back anna@example.com --from 2099-01-04
person list
person back anna@example.com --from 2099-01-01
customer duplicates
customer join C-3 C-1 --dry-run
customer join C-3 C-1
care plan retail
care plan nothing
care list
care explain C-1
care approve retail --from 2001-01-01 --yes
care approve retail --yes
care plan
care retire retail --yes
care preview
override list
override set C-1 A --reason 大客户
override set C-1 A --reason 大客户 --approver wang@example.com --until 2026-12-10
override set C-1 A --reason 大客户 --approver 王总 --until 2026-12-10
override set C-1 A --reason 大客户 --approver anna@example.com --until 2026-12-10
override set C-1 A --reason 大客户 --approver wang@example.com --until 2026-12-10 --as wang@example.com
override set C-1 A --reason 大客户 --approver wang@example.com --until 2001-01-01
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
audit show --most 1000
audit show --as anna@example.com
audit show --as nobody@example.com
audit verify
audit verify --anchor 9
audit export audit.jsonl
audit export audit.jsonl
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


# Addresses of databases that cannot be used, and their file system's word for why.
UNUSABLE = [
    "mysql://localhost/tierbot",
    "nonsense",
    "sqlite://tier.db",
    "sqlite:///.",
    "sqlite:////proc/1/x/t.db",
]


@pytest.mark.parametrize("url", UNUSABLE)
def test_no_english_word_is_left_in_why_a_database_cannot_be_used(
    chinese: Program, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("TIERBOT_DATABASE_URL", url)
    done = chinese("tier", "C-1")
    assert done.code != 0
    paths = r"[!-~]*://[!-~…]*|/proc[!-~]*|nonsense|mysql|No such file or directory"
    left = english(re.sub(paths, " ", done.err))
    assert left == []


ORDER = "order_no,customer,date,amount,currency"
INVOICE = "invoice_no,customer,date,due,amount,currency"
# Finding -> the kind, with options, and the file that raises it.
RAISED: dict[str, tuple[str, str | bytes]] = {
    "status-column": (
        "orders",
        f"{ORDER},状态\nO-1,C-1,2025-01-10,5,CNY,已取消\nO-2,C-1,2025-01-10,-5,CNY,退货单\nO-3,C-1,2025-01-11,5,CNY,退货单\n",
    ),
    "remark-column": ("orders", f"{ORDER},备注\nO-1,C-1,2025-01-10,5,CNY,客户要求作废\n"),
    "uncertain-rows": ("orders", f"{ORDER},赢率\nO-1,C-1,2025-01-10,5,CNY,50%\n"),
    "company-numbers": (
        "orders",
        f"{ORDER},公司\nO-1,C-1,2025-01-10,5,CNY,甲\nO-1,C-1,2025-02-10,7,CNY,乙\n",
    ),
    "similar-numbers": ("orders", f"{ORDER}\nO-1,C-1,2025-01-10,5,CNY\no-1,C-1,2025-02-10,7,CNY\n"),
    "cost-sign": ("orders", f"{ORDER},cost\nO-1,C-1,2025-01-10,5,CNY,-4\n"),
    "cost-per-piece": (
        "orders",
        f"{ORDER},cost,数量\n" + "".join(f"O-{n},C-1,2025-01-10,{n}00,CNY,60,{n}\n" for n in range(1, 9)),
    ),
    "unit-cost-unused": (
        "orders",
        f"{ORDER},状态,单位成本\nO-1,C-1,2025-01-10,5,CNY,已取消,4\nO-2,C-1,2025-01-10,5,CNY,已完成,4\n",
    ),
    "unit-price": (
        "orders",
        f"{ORDER},单价,数量\nO-1,C-1,2025-01-10,5,CNY,5,3\nO-2,C-1,2025-01-10,7,CNY,7,2\n",
    ),
    "net-or-gross": ("orders", f"{ORDER},含税金额\nO-1,C-1,2025-01-10,100,CNY,113\n"),
    "base-amount": ("orders", f"{ORDER},本位币金额\nO-1,C-1,2025-01-10,100,CNY,700\n"),
    "lines-without-cost": (
        "orders --lines",
        f"{ORDER},cost\nO-1,C-1,2025-01-10,5,CNY,4\nO-1,C-1,2025-01-10,6,CNY,\n",
    ),
    "refund-column": ("orders", f"{ORDER},退款金额\nO-1,C-1,2025-01-10,100,CNY,20\n"),
    "debit-credit": (
        "orders",
        "order_no,customer,date,amount,currency\nO-1,C-1,2025-01-10,100 借,CNY\nO-2,C-1,2025-01-10,50 贷,CNY\n",
    ),
    "currency-missing": ("orders", "order_no,customer,date,amount\nO-1,C-1,2025-01-10,5\n"),
    "partly-paid": (
        "invoices",
        f"{INVOICE},paid,已付金额\nO-1,C-1,2025-01-10,2025-02-10,500,CNY,2025-02-01,200\n",
    ),
    "paid-amount-zero": ("invoices", f"{INVOICE},paid\nO-1,C-1,2025-01-10,2025-02-10,0,CNY,2025-02-01\n"),
    "paid-without-day": ("invoices", f"{INVOICE},是否付款\nO-1,C-1,2025-01-10,2025-02-10,500,CNY,是\n"),
    "no-paid-column": ("invoices", f"{INVOICE}\nO-1,C-1,2025-01-10,2025-02-10,500,CNY\n"),
    "several-in-a-row": ("activities", "customer,date,kind,次数\nC-1,2025-01-10,拜访,3\n"),
    "ended-column": ("customers", "code,name,状态\nC-1,宏远,合作中\nC-4,停业,已停用\n"),
    "unit-column": ("facts", "customer,field,value,date,单位\nC-1,net_value,5,2025-12-01,万元\n"),
    "grouped-report": (
        "orders --currency CNY",
        ",order_no,customer,date,amount\n华东,,,,\n,O-1,C-1,2025-01-10,5\n,O-2,C-1,2025-01-10,5\n华北,,,,\n,O-3,C-1,2025-01-10,5\n",
    ),
    "joined-differ": ("joins", "customer,into\nC-3,C-1\n"),
}
# What is refused otherwise -> the same.
REFUSED: dict[str, tuple[str, str | bytes]] = {
    "another format": ("orders", '{"customer": "C-1"}\n'),
    "terms that are none": (
        "invoices",
        f"{INVOICE},paid\nO-1,C-1,2025-01-10,随时,500,CNY,\nO-2,C-1,2025-01-10,2025-02-10,5,CNY,\n",
    ),
    "a date order that does not exist": ("orders --date-order abc", f"{ORDER}\nO-1,C-1,2025-01-10,5,CNY\n"),
    "a column that is not there": ("orders --skip 状态=取消", f"{ORDER}\nO-1,C-1,2025-01-10,5,CNY\n"),
    "too few words": ("customers", "code,name\nC-1,M\xfc\n".encode("latin-1")),
}


@pytest.fixture
def customers(chinese: Program, tmp_path: Path) -> Program:
    (tmp_path / "customers.csv").write_text(
        "code,name,ended\nC-1,宏远,\nC-2,天成,\nC-3,远大,2025-01-01\n", encoding="utf-8"
    )
    chinese("import", "customers", "customers.csv")
    return chinese


def test_findings_of_imports_are_chinese_with_all_their_values(customers: Program, tmp_path: Path) -> None:
    left: dict[str, list[str]] = {}
    silent: list[str] = []
    for name, (kind, content) in {**RAISED, **REFUSED}.items():
        path = tmp_path / "file.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = customers("import", *kind.split(), "file.csv", "--dry-run")
        profile = customers("import", "profile", "file.csv")
        if name in RAISED and name not in done.out + done.err:
            silent.append(name)
        if words := english(done.out + done.err + profile.out + profile.err):
            left[name] = words
    assert (silent, left) == ([], {})
