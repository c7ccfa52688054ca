"""What docs/asking.md and docs/asking.zh.md say can be asked is understood, and what they say is asked back is."""

import re
from pathlib import Path

import pytest

from bot.services.ask.questions.reader import read
from bot.services.ask.questions.unclear import Unclear
from tests.services.ask.questions.book import ANNA, VOCABULARY, KnownCustomers

DOCS = Path(__file__).parents[4] / "docs"
PAGES = ("asking.md", "asking.zh.md")
# Pieces of questions, and what is no question at all.
NO_QUESTION = re.compile(
    r'^(/tier.*|tierbot .*|"…"|“…”|「…」|『…』|«…»|not|except|or|或|不|除了|的|了|please|哪些|帮我|看一下|show me|which … are|how many'
    r"|customers|tier|a|since|reversed|反向|first 10|前10个|top 10|recently|最近|DACH|A|hey|thanks|accounts|since Friday|上周一以来|5 customers|5个客户)$"
)
BEFORE, NAMED = (
    "ACME ",
    {"card", "tier", "why", "reasons", "history", "brief", "briefing", "visit brief", "care"},
)
NAMED |= {
    "care plan",
    "steps",
    "credit",
    "notes",
    "卡片",
    "等级",
    "怎么样",
    "为什么",
    "原因",
    "历史",
    "拜访准备",
    "简报",
}
NAMED |= {"last contacts", "last visit", "last call", "complaint list", "complaints"}
NAMED |= {"customer profile", "competitors", "客户画像", "竞争对手"}
NAMED |= {"联系情况", "上次拜访", "上次打电话", "投诉情况", "有没有投诉过"}
NAMED |= {"关怀", "关怀计划", "信用", "额度", "备注", "记录"}
SORTS = {
    "score",
    "name",
    "last contact",
    "last order",
    "boundary",
    "overdue amount",
    "amount over limit",
    "days overdue",
    "逾期金额",
    "超额金额",
    "逾期天数",
    "得分",
    "名称",
    "最近联系",
    "最近订单",
    "分界",
}
DAYS = re.compile(r"^(\d{4}-\d\d-\d\d|1 October|October 1|October|last \w+|yesterday)$")
CHINESE_DAYS = re.compile(r"^(10月1日|2026年10月1日|10月)$")
LENGTHS = {
    "30 days",
    "2 weeks",
    "three months",
    "ninety days",
    "half a year",
    "30天",
    "两周",
    "半年",
    "more than 30 days",
    "超过30天",
    "30天以上",
}
OPEN = {"this week", "this month", "this quarter", "this year", "本周", "这个月", "本季度", "今年"}


def questions(text: str) -> list[str]:
    """What stands in code marks, as whole questions."""
    found = []
    for written in re.findall(r"`([^`]+)`", text):
        if NO_QUESTION.match(written):
            continue
        if written in NAMED:
            found.append(BEFORE + written)
        elif written in SORTS:
            found.append(f"customers by {written}")
        elif written in LENGTHS or written in OPEN or written.endswith("以来"):
            found.append(f"{written} 没拜访")
        elif DAYS.match(written):
            found.append(f"no visit since {written.replace('2026', '2025')}")
        elif CHINESE_DAYS.match(written):
            found.append(f"{written.replace('2026', '2025')}以来没拜访")
        else:
            found.append(written.replace("2026", "2025"))
    return found


def parts(page: str) -> tuple[str, str]:
    """(what can be asked, what is asked back) of a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    before, mark, rest = text.partition("## What is asked back" if page == "asking.md" else "## 会被问回的")
    back, end, after = rest.partition("\n**Quotation" if page == "asking.md" else "\n名称同时")
    assert mark
    assert end
    return before + after, back


@pytest.mark.parametrize("page", PAGES)
def test_what_can_be_asked_is_understood(page: str) -> None:
    asked, _ = parts(page)
    wrong = {}
    for question in questions(asked):
        found = read(question, VOCABULARY, ANNA, KnownCustomers())
        if isinstance(found, Unclear):
            wrong[question] = found.reason
    assert not wrong
    assert len(questions(asked)) > 100


@pytest.mark.parametrize("page", PAGES)
def test_what_is_asked_back_is(page: str) -> None:
    _, back = parts(page)
    examples = questions(back)
    assert len(examples) >= 12
    for question in examples:
        assert isinstance(read(question, VOCABULARY, ANNA, KnownCustomers()), Unclear), question


def test_both_pages_have_the_same_tables() -> None:
    rows = [
        re.findall(r"^\|.*\|$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE) for page in PAGES
    ]
    assert len(rows[0]) == len(rows[1]) > 50
    for english, chinese in zip(*rows, strict=True):
        assert english.count("|") == chinese.count("|")
        words = [set(re.findall(r"`([^`]+)`", row)) for row in (english, chinese)]
        if len(words[0]) > 3:
            assert len(words[0] & words[1]) >= len(words[0]) // 2, english
