"""What the corpus asks of single customers, teams and notes, in the demo's book, as pandas computes it: for three people.

They ask in turn; LISTS=all asks each question for each of them.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from bot.errors import BotError
from bot.services.ask.questions import answering
from bot.services.ask.questions.answering import QuestionSources
from bot.services.ask.questions.query import (
    AboutCustomer,
    AboutTeam,
    Aspect,
    Compared,
    FoundNotes,
    Personal,
    Query,
    Silence,
)
from bot.services.ask.questions.vocabulary_cache import VocabularyCache
from bot.services.name_keys import fold
from bot.wording.answers.listing import CustomersBeside, TeamBook
from bot.wording.answers.questions import CareOwed, CustomerCredit, CustomerHistory
from bot.wording.answers.risk import AtRisk
from bot.wording.ask.briefs import ProspectCard, VisitBrief
from bot.wording.ask.notes import CustomerNotes, NotesFound
from bot.wording.ask.records import CustomerComplaints, LastContacts
from bot.wording.message_base import Message
from bot.wording.messages import TierCard, Ungraded, Why
from bot.wording.profiles import CustomerProfile
from tests.services.ask.listing.conftest import ANNA, GRACE, OMAR, DemoLists
from tests.services.ask.listing.slow_lists import CONTACTS, SlowLists
from tests.services.ask.listing.test_listed import owners, slow
from tests.services.ask.questions.demo_book import DEMO, NAMES
from tests.services.ask.questions.test_demo_corpus import CORPUS, understood

__all__ = ["slow"]
ASKERS = (ANNA, OMAR, GRACE)
CODES = {fold(name): code for code, names in NAMES.items() for name in (code, *names.split("|"))}
TALKS = CONTACTS[Silence.CONTACT] | {"credit_review", "other"}
ANSWERED = {
    group["query"]: query
    for group in CORPUS["asked"]
    if isinstance(query := understood(group["query"]), AboutCustomer | AboutTeam | Compared | FoundNotes)
    or query is Personal.VALUE_AT_RISK
}
ASKED = [
    (user, question)
    for place, question in enumerate(ANSWERED)
    for turn, user in enumerate(ASKERS)
    if os.environ.get("LISTS") == "all" or place % len(ASKERS) == turn
]


def answered(demo: DemoLists, user: str, query: Query) -> Message:
    bot = demo.bot
    sources = QuestionSources(
        database=bot.database,
        scheme_cache=bot.scheme_cache,
        rules_in=bot.rules_in,
        words=VocabularyCache(),
        settings=bot.settings,
        now=bot.clock.now(),
    )
    return answering.answer(sources, demo.actor(user), query)


@pytest.mark.parametrize(("user", "question"), ASKED, ids=[" ".join(pair) for pair in ASKED])
def test_an_answer_says_what_pandas_computes(
    demo: DemoLists, slow: SlowLists, user: str, question: str
) -> None:
    query = as_in_the_book(ANSWERED[question], slow, user)
    book = visible(demo, slow, user)
    numbers = [number for name in names_of(query) for number in book.index[book["code"] == name]]
    if names_of(query) and len(numbers) < len(names_of(query)):  # somebody else's, or nobody's
        assert not_shown(demo, slow, user, query)
        return
    if refused(slow, user, query, numbers):
        with pytest.raises(BotError):
            answered(demo, user, query)
        return
    found = answered(demo, user, query)
    said, computed = ANSWERS[type(found)]
    assert near(said(found)) == near(computed(slow, book, query, numbers))


def as_in_the_book(query: Query, slow: SlowLists, user: str) -> Query:
    """The same with the codes of customers, because the demo's book has no short names, and with its numbers of teams."""

    def code(name: str) -> str:
        return CODES.get(fold(name), name)

    match query:
        case AboutCustomer():
            return replace(query, name=code(query.name))
        case Compared():
            return replace(query, names=tuple(map(code, query.names)))
        case FoundNotes() if query.customer is not None:
            return replace(query, customer=code(query.customer))
        case AboutTeam():
            names = {one.id: one.name for one in DEMO.teams}
            numbers = slow.teams.index[slow.teams["name"] == names.get(query.team or 0)]
            return AboutTeam(team=team_of(slow, user) if query.team is None else int(numbers[0]))
        case _:
            return query


def near(value: Any) -> Any:
    """With rounded numbers: sums in another order differ in their last places."""
    if isinstance(value, dict):
        return {name: near(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [near(one) for one in value]
    return round(value, 6) if isinstance(value, float) else value


def visible(demo: DemoLists, slow: SlowLists, user: str) -> pd.DataFrame:
    whose = owners(demo, slow, user)
    return slow.book if whose is None else slow.book[slow.book["person_id"].isin(whose)]


def names_of(query: Query) -> tuple[str, ...]:
    match query:
        case AboutCustomer():
            return (query.name,)
        case Compared():
            return query.names
        case FoundNotes():
            return () if query.customer is None else (query.customer,)
        case _:
            return ()


def not_shown(demo: DemoLists, slow: SlowLists, user: str, query: Query) -> bool:
    """Whether the answer names no customer of the question that the asker may not see."""
    try:
        found = answered(demo, user, query)
    except BotError:
        return True
    seen = set(visible(demo, slow, user)["code"])
    return all(
        CODES.get(fold(name)) in seen
        or f"'{CODES.get(fold(name))}'" not in repr(found).replace(repr(name), "")
        for name in names_of(query)
    )


def refused(slow: SlowLists, user: str, query: Query, numbers: list[int]) -> bool:
    """Whether there is nothing to answer with: no grading, no credit assessment, no team that the asker may see."""
    match query:
        case AboutTeam():
            return user == ANNA or (user == OMAR and query.team != team_of(slow, user))
        case AboutCustomer(aspect=Aspect.CREDIT):
            return not slow.graded.query("purpose == 'credit'")["customer_id"].isin(numbers).any()
        case AboutCustomer(aspect=Aspect.WHY):
            return bool(slow.book.loc[numbers, "tier"].isna().all())
        case _:
            return False


def team_of(slow: SlowLists, user: str) -> int:
    return int(slow.people[slow.people["slack_user_id"] == user].iloc[0]["team_id"])


Said = Callable[[Any], dict[str, Any]]
Expected = Callable[[SlowLists, pd.DataFrame, Any, list[int]], dict[str, Any]]


def plain(value: Any) -> Any:
    """A cell without what pandas makes of nothing and of days."""
    if isinstance(value, pd.Timestamp):
        return value.date()
    return None if value is None or pd.isna(value) else value


def of_tier(slow: SlowLists, book: pd.DataFrame, number: int) -> dict[str, Any]:
    row = book.loc[number]
    return {"code": row["code"], "tier": plain(row["tier"]), "score": plain(row["score"])}


def tier_said(found: Any) -> dict[str, Any]:
    return {"code": found.code, "tier": found.tier.id if found.tier else None, "score": found.score}


def contacts_of(slow: SlowLists, number: int, kinds: set[str], *, past: bool = False) -> pd.DataFrame:
    own = of_customer(slow.activities, number)
    own = own[own["kind"].isin(kinds)]
    return (own[own["happened_on"] <= slow.today] if past else own).sort_values(["happened_on", "id"])


def of_customer(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    return rows[rows["customer_id"] == number]


def open_of(rows: pd.DataFrame, number: int) -> int:
    return int(of_customer(rows, number)["closed_on"].isna().sum())


def of_card(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    (number,) = numbers
    person, days = book.loc[number]["person_id"], contacts_of(slow, number, TALKS)["happened_on"]
    return of_tier(slow, book, number) | {
        "owner": None if pd.isna(person) else slow.people.loc[person, "name"],
        "complaints": open_of(slow.complaints, number),
        "promises": open_of(slow.promises, number),
        "last contact": plain(days.max()),
    }


def card_said(found: TierCard) -> dict[str, Any]:
    return tier_said(found) | {
        "owner": found.owner and found.owner.name,
        "complaints": found.complaints.count if found.complaints else 0,
        "promises": found.promises.count if found.promises else 0,
        "last contact": found.last_contact and found.last_contact.day,
    }


def of_why(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    row = of_tier(slow, book, numbers[0])
    return row | {"points": row["score"]}


def why_said(found: Why) -> dict[str, Any]:
    return tier_said(found) | {"points": sum(part.points for part in found.dimensions)}


def of_brief(slow: SlowLists, book: pd.DataFrame, query: Query, numbers: list[int]) -> dict[str, Any]:
    (number,) = numbers
    mine = of_customer(slow.orders_and_returns, number)
    edges = [slow.today - pd.DateOffset(months=months) for months in (24, 12, 0)]
    before, year = (
        mine[(mine["ordered_on"] > after) & (mine["ordered_on"] <= until)]["amount"].sum() / 10_000
        for after, until in pairwise(edges)
    )
    closed = pd.to_datetime(slow.complaints["closed_on"])
    recent = slow.complaints[closed.isna() | (closed > edges[1])]
    card = of_card(slow, book, query, numbers)
    return {name: card[name] for name in ("code", "tier", "score", "owner", "promises", "last contact")} | {
        "complaints": int((recent["customer_id"] == number).sum()),
        "trade": (float(year), float(before)),
    }


def brief_said(found: VisitBrief) -> dict[str, Any]:
    graded = found.graded
    return {
        "code": found.code,
        "tier": graded.tier.id if graded else None,
        "score": graded.score if graded else None,
        "owner": found.owner and found.owner.name,
        "promises": len(found.promises) + found.more_promises,
        "complaints": len(found.complaints) + found.more_complaints,
        "last contact": found.contacts[0].happened_on if found.contacts else None,
        "trade": (sum(one.year for one in found.trade), sum(one.year_before for one in found.trade)),
    }


def of_history(
    slow: SlowLists, book: pd.DataFrame, query: AboutCustomer, numbers: list[int]
) -> dict[str, Any]:
    (number,) = numbers
    rows = of_customer(slow.graded, number).query("purpose != 'credit'")
    rows = rows[[query.since is None or pd.Timestamp(day).date() >= query.since for day in rows["as_of"]]]
    said = [
        (str(row["as_of"])[:10], row["tier"], plain(row["score"])) for _, row in rows.iloc[::-1].iterrows()
    ]
    return {"gradings": said[:12], "more": max(len(said) - 12, 0)}


def history_said(found: CustomerHistory) -> dict[str, Any]:
    return {
        "gradings": [(str(one.as_of), one.tier.id, one.score) for one in found.entries],
        "more": found.more,
    }


def of_contacts(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    (number,) = numbers
    days = (
        contacts_of(slow, number, CONTACTS[Silence.CONTACT], past=True).groupby("kind")["happened_on"].max()
    )
    said = {str(kind): plain(day) for kind, day in days.items()}
    orders = of_customer(slow.orders, number)["ordered_on"]
    orders = orders[orders <= slow.today]
    return said | ({} if orders.empty else {"order": plain(orders.max())})


def of_complaints(slow: SlowLists, book: pd.DataFrame, query: Query, numbers: list[int]) -> dict[str, Any]:
    return {
        "all": of_brief(slow, book, query, numbers)["complaints"],
        "open": open_of(slow.complaints, numbers[0]),
    }


def of_notes(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    (number,) = numbers
    activities = of_customer(slow.activities, number).query("note.notna()")
    facts = of_customer(slow.facts, number).query("evidence.notna()")
    days = sorted([*activities["happened_on"], *facts["measured_on"]], reverse=True)
    return {"days": [day.date() for day in days[:5]], "all": len(days)}


def of_search(slow: SlowLists, book: pd.DataFrame, query: FoundNotes, numbers: list[int]) -> dict[str, Any]:
    found = slow.activities.query("note.notna()")
    found = found[found["customer_id"].isin(numbers if query.customer else book.index)]
    found = found[
        [all(word.casefold() in note.casefold() for word in query.words.split()) for note in found["note"]]
    ]
    if query.since is not None:
        found = found[found["happened_on"] >= pd.Timestamp(query.since)]
    newest = found.sort_values(["happened_on", "id"], ascending=False)["happened_on"]
    return {"days": [day.date() for day in newest[:10]], "more": len(newest) > 10}


def of_compared(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    return {str(book.loc[number]["code"]): of_tier(slow, book, number) for number in numbers}


def of_team(slow: SlowLists, book: pd.DataFrame, query: AboutTeam, _: list[int]) -> dict[str, Any]:
    people = slow.people[slow.people["team_id"] == query.team]
    mine = slow.book[slow.book["person_id"].isin(people.index)]
    return {
        "all": len(mine),
        "members": {
            str(people.loc[number, "name"]): dict(rows["tier"].fillna("unrated").value_counts())
            for number, rows in mine.groupby("person_id")
        },
    }


def team_said(found: TeamBook) -> dict[str, Any]:
    members = {
        one.who.name: {tier.id: count for tier, count in one.counts} for one in found.members if one.total
    }
    return {"all": found.total, "members": members}


def of_care(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    return {"code": book.loc[numbers[0]]["code"], "tier": plain(book.loc[numbers[0]]["tier"])}


def of_credit(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    graded = slow.graded[(slow.graded["purpose"] == "credit") & slow.graded["customer_id"].isin(numbers)]
    mine = slow.invoices[slow.invoices["customer_id"].isin(numbers) & slow.invoices["paid_on"].isna()]
    overdue = mine[mine["due_on"] < slow.today]
    return {
        "grade": graded.iloc[-1]["tier"],
        "owed": float(mine["amount"].sum() / 10_000),
        "overdue": float(overdue["amount"].sum() / 10_000),
    }


def of_profile(slow: SlowLists, book: pd.DataFrame, _: Query, numbers: list[int]) -> dict[str, Any]:
    own = slow.traits[slow.traits["customer_id"].isin(numbers)]
    return {"fields": len(own.groupby(["field", "as_of", "source"]))}


def of_risk(slow: SlowLists, book: pd.DataFrame, *_: Any) -> dict[str, Any]:
    silent = book[(book["watch_from"] <= slow.today) & (book["worth"] > 0)]
    falling = book[(book["fall"] > 0) & ~(book["watch_from"] <= slow.today)]
    return {
        "silent": (len(silent), float(silent["worth"].sum() / 10_000)),
        "falling": (len(falling), float(falling["fall"].sum() / 10_000)),
    }


def risk_said(found: AtRisk) -> dict[str, Any]:
    return {
        "silent": (sum(t.silent for t in found.totals), sum(t.silent_amount for t in found.totals)),
        "falling": (sum(t.falling for t in found.totals), sum(t.falling_amount for t in found.totals)),
    }


ANSWERS: dict[type[Message], tuple[Said, Expected]] = {
    TierCard: (card_said, of_card),
    Ungraded: (
        lambda found: {"code": found.code},
        lambda slow, book, query, n: {"code": book.loc[n[0]]["code"]},
    ),
    Why: (why_said, of_why),
    VisitBrief: (brief_said, of_brief),
    ProspectCard: (
        lambda found: {"code": found.code},
        lambda slow, book, query, n: {"code": book.loc[n[0]]["code"]},
    ),
    CustomerHistory: (history_said, of_history),
    LastContacts: (lambda found: {row.kind: row.day for row in found.rows}, of_contacts),
    CustomerComplaints: (
        lambda found: {
            "all": len(found.complaints) + found.more_complaints,
            "open": sum(one.is_open for one in found.complaints),
        },
        of_complaints,
    ),
    CustomerNotes: (lambda found: {"days": [one.day for one in found.notes], "all": found.total}, of_notes),
    NotesFound: (lambda found: {"days": [one.day for one in found.found], "more": found.more}, of_search),
    CustomersBeside: (lambda found: {one.code: tier_said(one) for one in found.customers}, of_compared),
    TeamBook: (team_said, of_team),
    CareOwed: (lambda found: {"code": found.code, "tier": found.tier.id}, of_care),
    CustomerCredit: (
        lambda found: {"grade": found.grade.id, "owed": found.exposure, "overdue": found.overdue},
        of_credit,
    ),
    CustomerProfile: (lambda found: {"fields": len(found.traits) + found.more}, of_profile),
    AtRisk: (risk_said, of_risk),
}
