"""The walks of docs/architecture.md are those that the running product takes."""

import re
from pathlib import Path

import pytest

from tests.walks import Walk, take_all

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
TITLES = {
    "tier": "From `/tier ACME` to blocks",
    "alert": "From an order row to an alert",
    "done": "From a due step to Done",
}
# Files entered: what a reader of the code has to follow.
# An alert's channel is looked up by its name the first time. A card also says what moves its tier next and when: the
# schemes decided so far, their cadence, the last snapshot.
# Every request says of which team its user is, and every message is checked against the rights of its moment. What
# writes checks the database's revision, who acts for whom, and a decision its row in the audit; what Slack's answers mean is in
# bot/slack/answers.py. An import asks who was erased. What a card shows is counted for its reader, and masked; a wrong guess is
# counted too.
# A card asks in one query which care plans are in force. After it a heartbeat may check the revision: one file of the 41.
# Done has two halves with files of their own. The morning: whose working morning it is, what is due and what fits in it. The
# press: the answer, the contact, the days of the next step, and every message that shows it.
# The morning asks which complaints are open, and the digest of the walk has one: four files.
# A birthday in the morning says what may be given: two files. Exchange rates have a file of their own, which gifts need too.
# The card asks what the customer profile has: one file.
# The card reads the last survey scores: two files; planning asks which scores are low: one.
# Promises are asked for beside complaints: two files for a card, four for a morning.
# A heartbeat of another thread may fall into a walk: two files more than the usual count.
# The demo's customers have profiles, which a card reads and words: two files. The last contact stands on the card: one.
# An alert asks who muted it, and a grading marks the figures as due: three. A morning asks whose digest comes at another hour,
# reads last contacts and refreshes the Home tab after a press: six.
MOST = {"tier": 51, "alert": 148, "done": 103}


@pytest.fixture(scope="module")
def walks() -> dict[str, Walk]:
    return take_all()


def written(name: str) -> list[tuple[str, str]]:
    """(file, function) in the order of the page; a function without a file is of the file before it."""
    page = PAGE.read_text(encoding="utf-8")
    section = page.split(f"### {TITLES[name]}\n", 1)[1].split("\n##", 1)[0]
    found: list[tuple[str, str]] = []
    for line in re.findall(r"^\d+\. (.*)$", section, flags=re.MULTILINE):
        found += re.findall(r"`([\w/]+\.py)` `(\w+)`", line)
    return found


def first_missing(steps: list[tuple[str, str]], walk: Walk) -> tuple[str, str] | None:
    """The first step that the walk does not enter after the steps before it."""
    calls = iter((file, function.rsplit(".", 1)[-1]) for file, function in walk.calls)
    return next((step for step in steps if step not in calls), None)


@pytest.mark.parametrize("name", TITLES)
def test_a_walk_enters_what_the_page_says_in_that_order(name: str, walks: dict[str, Walk]) -> None:
    steps = written(name)
    assert len(steps) >= 12
    assert first_missing(steps, walks[name]) is None


def test_a_step_in_the_wrong_place_is_found() -> None:
    walk = Walk(calls=[("bot/a.py", "ask"), ("bot/b.py", "B.answer")])
    assert first_missing([("bot/a.py", "ask"), ("bot/b.py", "answer")], walk) is None
    assert first_missing([("bot/b.py", "answer"), ("bot/a.py", "ask")], walk) == ("bot/a.py", "ask")


@pytest.mark.parametrize("name", TITLES)
def test_a_walk_does_not_grow(name: str, walks: dict[str, Walk]) -> None:
    assert len(walks[name].files) <= MOST[name], walks[name].files


def test_an_answer_goes_straight_through(walks: dict[str, Walk]) -> None:
    assert (
        walks["tier"].returns <= 90
    )  # eight of them for the last contact and the profile, one for assessed credit, one for handing over


def test_an_answer_is_read_through_one_connection(walks: dict[str, Walk]) -> None:
    """One that waited for a second while it holds its own would wait for ever when all are held like that."""
    calls = [function for _, function in walks["tier"].calls]
    assert calls[: calls.index("payload")].count("Database.read") == 2, "entered once and left once"


def test_a_return_is_an_entry_into_a_file_that_was_left() -> None:
    walk = Walk(calls=[("a", "1"), ("a", "2"), ("b", "3"), ("a", "4"), ("c", "5"), ("a", "6")])
    assert (walk.files, walk.returns) == (["a", "b", "c"], 2)
