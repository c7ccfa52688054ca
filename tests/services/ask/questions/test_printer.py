"""Reading the printed words of a query gives the same query, in both languages."""

import string
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bot.services.ask.questions.grammar.parts import FilterField
from bot.services.ask.questions.printer import printed
from bot.services.ask.questions.query import (
    AboutCustomer,
    AboutTeam,
    Aspect,
    Compared,
    Direction,
    Excluded,
    Filters,
    FoundNotes,
    Listing,
    MovedSince,
    Personal,
    Query,
    Risk,
    Silence,
    SilentFor,
    Sort,
)
from bot.services.ask.questions.reader import read
from bot.services.ask.questions.vocabulary import NamedOne, Vocabulary
from bot.services.traits.fields import shipped_fields
from tests.services.ask.questions.book import ANNA, TODAY, VOCABULARY, KnownCustomers, corpus, query_of

# Words of a firm that are hard to read: those of the grammar, with marks, with other forms of themselves.
HOSTILE = Vocabulary(
    ladders=VOCABULARY.ladders,
    regions=(
        *(
            "in",
            "Silent",
            "no visit for 30 days",
            "North, South",
            'Nord "West"',
            "dach",
            "DACH",
            "華東",
            "华东",
        ),
        *(
            "A+",
            "A-",
            "region",
            "or",
            "里",
            "的",
            "East/West (all)",
            "first 10",
            "since 2026-01-01",
            "#4",
        ),
    ),
    industries=("customers", "Oil & Gas", "不限", "list", "Me", "DACH", "by revenue", "逾期", "Énergie"),
    countries=(("IN", ("India", "印度")), ("IT", ("Italy", "意大利")), ("DE", ("Germany", "德国"))),
    people=(
        *(NamedOne(1, "Anna Schmidt"), NamedOne(4, "Wang Wei"), NamedOne(5, "Wang Wei")),
        *(
            NamedOne(6, "May Price"),
            NamedOne(7, "DACH"),
            NamedOne(8, "O'Neil-Silent, Pat"),
            NamedOne(9, "和 平"),
        ),
    ),
    teams=(NamedOne(1, "Team A"), NamedOne(2, "my team"), NamedOne(3, "DACH"), NamedOne(4, "客户")),
    fields=shipped_fields(),
)
LETTERS = string.ascii_letters + string.digits + " -&'.,:=#华东客户历史和的没30天\"“”"


def names() -> st.SearchStrategy[str]:
    texts = st.text(LETTERS, min_size=1, max_size=24).map(lambda text: " ".join(text.split()))
    known = st.sampled_from(
        ["ACME", "A", "history of ACME", "list", "30天没拜访", "Smith and Sons", "why", "C-0003"]
    )
    return st.one_of(known, texts).filter(lambda text: any(map(str.isalnum, text)))


def values(vocabulary: Vocabulary, kind: FilterField) -> st.SearchStrategy[tuple[object, ...]]:
    """Values that words name, some groups of them."""
    groups = sorted(
        {one.values for meanings in vocabulary.words.values() for one in meanings if one.field is kind},
        key=repr,
    )
    if not groups:
        return st.just(())
    some = st.lists(st.sampled_from(groups), max_size=3, unique=True)
    return some.map(lambda chosen: tuple(dict.fromkeys(value for group in chosen for value in group)))


def listings(vocabulary: Vocabulary) -> st.SearchStrategy[Listing]:
    days = st.integers(1, 900)
    silences = st.builds(SilentFor, what=st.sampled_from(list(Silence)), days=days)
    since = st.integers(0, 3_000).map(lambda back: TODAY - timedelta(days=back))
    moved = st.builds(
        MovedSince,
        direction=st.sampled_from([None, *Direction]),
        since=since,
        until=st.none() | st.just(TODAY - timedelta(days=1)),
    ).map(lambda one: one if one.until is None or one.since <= one.until else replace(one, until=None))
    groups = (FilterField.TIER, FilterField.REGION, FilterField.INDUSTRY)
    groups = (*groups, FilterField.COUNTRY, FilterField.OWNER, FilterField.TEAM)
    without = st.builds(
        Excluded,
        **{str(kind): values(vocabulary, kind).map(lambda some: some[:2]) for kind in groups},
        risks=st.lists(st.sampled_from(list(Risk)), max_size=2, unique=True).map(tuple),
    )
    profile = st.sampled_from(
        [("benefits", "price"), ("loyalty", "low"), ("needs", 'the "best", always'), ("web_visits", "12")]
    )
    filters = st.builds(
        Filters,
        **{str(kind): values(vocabulary, kind) for kind in FilterField},
        record_types=st.lists(st.sampled_from(["account", "prospect"]), unique=True).map(tuple),
        profile=st.lists(profile, max_size=2, unique=True).map(tuple),
        risks=st.lists(st.sampled_from(list(Risk)), max_size=3, unique=True).map(tuple),
        silent_for=st.lists(silences, max_size=2, unique=True).map(tuple),
        near=st.sampled_from([None, *Direction]),
        moved=st.none() | moved,
        complained_since=st.none() | since,
        unattended=st.booleans(),
        without=st.just(Excluded()) | without,
    ).map(
        lambda one: replace(one, unattended=one.unattended and not one.owners)
    )  # the other contradicts itself
    limit = st.none() | st.integers(1, 9_999)
    return st.builds(
        Listing, filters=filters, sort=st.sampled_from(list(Sort)), descending=st.booleans(), limit=limit
    )


def queries(vocabulary: Vocabulary) -> st.SearchStrategy[Query]:
    teams = st.none() | st.sampled_from([team.id for team in vocabulary.teams])
    return st.one_of(
        listings(vocabulary),
        st.builds(AboutCustomer, name=names(), aspect=st.sampled_from(list(Aspect))),
        st.builds(AboutCustomer, name=names(), aspect=st.just(Aspect.HISTORY), since=st.just(TODAY)),
        st.lists(names(), min_size=2, max_size=3).map(lambda some: Compared(names=tuple(some))),
        st.builds(AboutTeam, team=teams),
        st.builds(FoundNotes, words=names(), since=st.none() | st.just(TODAY), customer=st.none() | names()),
        st.sampled_from(list(Personal)),
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("vocabulary", [VOCABULARY, HOSTILE], ids=["corpus", "hostile"])
def test_printed_words_are_read_as_the_same_query(vocabulary: Vocabulary, language: str) -> None:
    @seed(20260310)
    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # to find the smallest failing query takes minutes
    )
    @given(queries(vocabulary))
    def holds(query: Query) -> None:
        words = printed(query, vocabulary, ANNA, language)
        assert read(words, vocabulary, ANNA, KnownCustomers()) == query, words

    holds()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_query_of_the_corpus_is_printed_and_read_again(language: str) -> None:
    for group in corpus()["asked"]:
        query = query_of(group)
        words = printed(query, VOCABULARY, ANNA, language)
        assert read(words, VOCABULARY, ANNA, KnownCustomers()) == query, words


def test_a_list_is_said_as_people_say_it() -> None:
    query = Listing(
        filters=Filters(
            tiers=("A", "B"),
            regions=("华东",),
            owners=(2,),
            silent_for=(SilentFor(what=Silence.VISIT, days=30),),
            moved=MovedSince(direction=Direction.DOWN, since=date(2026, 1, 1)),
        ),
        sort=Sort.REVENUE,
        limit=10,
    )
    assert printed(query, VOCABULARY, ANNA, "en") == (
        "customers: tier A or B, region 华东, account manager Lin Wei 林薇, no visit for 30 days,"
        " moved down since 2026-01-01, by revenue, first 10"
    )
    assert printed(query, VOCABULARY, ANNA, "zh") == (
        "客户：等级 A 或 B，地区 华东，客户经理 Lin Wei 林薇，30天没拜访，2026-01-01以来降级，按营收，前10个"
    )
