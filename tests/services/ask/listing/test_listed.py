"""Each filter and each order against an independent computation, for three people with different rights."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event

from bot.errors import BadInput, NotAllowed
from bot.services.ask.listing import file, state
from bot.services.ask.listing.listed import listed
from bot.services.ask.questions.query import (
    Direction,
    Excluded,
    Filters,
    Listing,
    MovedSince,
    Risk,
    Silence,
    SilentFor,
    Sort,
)
from bot.wording.answers.listing import ON_PAGE, CustomerList
from tests.services.ask.listing.conftest import ANNA, GRACE, OMAR, TODAY, DemoLists
from tests.services.ask.listing.slow_lists import SlowLists

F = Filters
SINCE = date(2026, 7, 1)
LISTS = {
    "all": Listing(),
    **{f"tier {tier}": Listing(filters=F(tiers=(tier,))) for tier in ("A", "B", "new", "unrated", "blocked")},
    "tiers": Listing(filters=F(tiers=("A", "C"))),
    "regions": Listing(filters=F(regions=("East China", "DACH"))),
    "industry": Listing(filters=F(industries=("Automation",))),
    "countries": Listing(filters=F(countries=("DE", "CN"))),
    "accounts": Listing(filters=F(record_types=("account",))),
    "prospects": Listing(filters=F(record_types=("prospect",))),
    "scheme": Listing(filters=F(schemes=("b2b_accounts",))),
    "no scheme": Listing(filters=F(schemes=("nothing",))),
    "unattended": Listing(filters=F(unattended=True)),
    **{
        f"no {what} for {days}": Listing(filters=F(silent_for=(SilentFor(what=what, days=days),)))
        for what in Silence
        for days in (4, 30, 365)
    },
    "no visit and no order": Listing(
        filters=F(
            silent_for=(SilentFor(what=Silence.VISIT, days=30), SilentFor(what=Silence.ORDER, days=30)),
            tiers=("A", "B"),
        )
    ),
    **{f"near {way}": Listing(filters=F(near=way), sort=Sort.BOUNDARY) for way in Direction},
    **{
        f"moved {way}": Listing(filters=F(moved=MovedSince(direction=way, since=SINCE)))
        for way in (*Direction, None)
    },
    **{
        f"moved {way} in a period": Listing(
            filters=F(moved=MovedSince(direction=way, since=SINCE, until=date(2026, 10, 31)))
        )
        for way in (*Direction, None)
    },
    "complained": Listing(filters=F(complained_since=SINCE)),
    "without": Listing(
        filters=F(
            without=Excluded(
                tiers=("C", "unrated"), regions=("DACH",), industries=("Rail",), risks=(Risk.SILENT,)
            )
        )
    ),
    "without people": Listing(filters=F(without=Excluded(countries=("CN",), owners=(2,), teams=(2,)))),
    **{f"risk {risk}": Listing(filters=F(risks=(risk,))) for risk in Risk},
    "two risks": Listing(filters=F(risks=(Risk.SILENT, Risk.OVERDUE_STEP))),
    **{
        f"by {sort}{' reversed' if turned else ''}": Listing(sort=sort, descending=turned)
        for sort in Sort
        for turned in (False, True)
    },
    "first 7": Listing(sort=Sort.REVENUE, limit=7),
    "first 15 of A": Listing(filters=F(tiers=("A",)), limit=15),
}


@pytest.fixture(scope="session")
def slow(demo: DemoLists) -> SlowLists:
    with demo.bot.database.read() as session:
        schemes = dict(demo.bot.scheme_cache.tier_names(session).schemes)
    return SlowLists(demo.bot.database, schemes, TODAY)


def ask(demo: DemoLists, user: str, query: Listing, start: int = 0) -> CustomerList:
    bot = demo.bot
    with bot.database.read() as session:
        rules = bot.rules_in(session)
        return listed(session, bot.scheme_cache, rules, demo.actor(user), query, TODAY, start)


def whole(demo: DemoLists, user: str, query: Listing) -> list[int]:
    bot = demo.bot
    with bot.database.read() as session:
        rules = bot.rules_in(session)
        found = file.rows_for(session, bot.scheme_cache, rules, demo.actor(user), query, TODAY)
    return found.ids


def owners(demo: DemoLists, slow: SlowLists, user: str) -> set[int] | None:
    """Whose customers a person may see, from the table of people."""
    me = slow.people[slow.people["slack_user_id"] == user].iloc[0]
    if user == ANNA:
        return {int(me.name)}
    return set(slow.people.index[slow.people["team_id"] == me["team_id"]]) if user == OMAR else None


@pytest.mark.parametrize("user", [ANNA, OMAR, GRACE])
@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_the_customers_that_pandas_finds_in_their_order(
    demo: DemoLists, slow: SlowLists, user: str, name: str
) -> None:
    query = LISTS[name]
    expected = slow.ids(owners(demo, slow, user), query)
    assert whole(demo, user, query) == expected
    for start in (0, ON_PAGE):
        page = ask(demo, user, query, start)
        assert (page.total, page.counted_out) == (len(expected), False)
        if start < len(expected):
            shown = [row.customer_id for row in page.rows]
            assert shown == expected[start : start + ON_PAGE]


def test_the_lists_of_these_tests_are_not_all_empty_or_whole(demo: DemoLists, slow: SlowLists) -> None:
    sizes = {name: len(slow.ids(None, query)) for name, query in LISTS.items()}
    empty = {name for name, size in sizes.items() if not size}
    assert empty <= {"tier blocked", "no scheme", "no contact for 365"}
    assert len({size for size in sizes.values() if 0 < size < sizes["all"]}) > 15


def test_a_list_of_profile_values_shows_them(demo: DemoLists, slow: SlowLists) -> None:
    known = slow.traits[[not _is_personal(demo, field) for field in slow.traits["field"]]]
    field, value = known.groupby(["field", "value"]).size().idxmax()
    query = Listing(filters=F(profile=((field, value),)))
    assert whole(demo, GRACE, query) == slow.ids(None, query)
    page = ask(demo, GRACE, query)
    assert page.rows
    assert all(row.said[0].names for row in page.rows)


def _is_personal(demo: DemoLists, field: str) -> bool:
    return demo.bot.rules.traits.is_personal(field)


def test_customers_are_not_listed_by_a_personal_field(demo: DemoLists) -> None:
    personal = next(one.id for one in demo.bot.rules.traits.fields if one.personal)
    for user in (ANNA, OMAR, GRACE):
        with pytest.raises(NotAllowed, match="personal"):
            ask(demo, user, Listing(filters=F(profile=((personal, "x"),))))
    with pytest.raises(BadInput):
        ask(demo, ANNA, Listing(filters=F(profile=(("no_such_field", "x"),))))


def test_naming_others_shows_no_customer_that_one_may_not_see(demo: DemoLists, slow: SlowLists) -> None:
    everybody, teams = tuple(map(int, slow.people.index)), (1, 2, 3)
    for filters in (F(owners=everybody), F(teams=teams), F(owners=everybody, teams=teams)):
        assert set(whole(demo, ANNA, Listing(filters=filters))) == set(whole(demo, ANNA, Listing()))


def test_the_value_beside_a_customer_is_what_the_list_is_about(demo: DemoLists, slow: SlowLists) -> None:
    for what in Silence:
        page = ask(demo, OMAR, Listing(filters=F(silent_for=(SilentFor(what=what, days=30),))))
        for row in page.rows:
            last = slow._last(what, row.customer_id)
            (value,) = row.said
            assert (value.kind, value.day) == (what, None if last is None else last.date())
    near = ask(demo, OMAR, Listing(filters=F(near=Direction.UP)))
    for row in near.rows:
        points = slow._points(slow.book.loc[row.customer_id], Direction.UP, 5.0)
        assert row.said[0].points == pytest.approx(points, abs=1e-6)


def test_an_owner_is_named_only_where_it_is_not_the_asker(demo: DemoLists) -> None:
    assert {row.owner for row in ask(demo, ANNA, Listing()).rows} == {None}
    assert not ask(demo, ANNA, Listing()).shows_owners
    others = ask(demo, GRACE, Listing())
    assert others.shows_owners
    assert all(row.owner or row.unowned for row in others.rows)


def test_as_many_queries_for_few_customers_as_for_many(demo: DemoLists) -> None:
    counts = []
    for user in (ANNA, GRACE):
        seen: list[str] = []

        def count(*arguments: object, seen: list[str] = seen) -> None:
            seen.append(str(arguments[2]))

        engine = demo.bot.database.reader
        query = Listing(filters=F(silent_for=(SilentFor(what=Silence.VISIT, days=30),)), sort=Sort.REVENUE)
        who = demo.actor(user)
        with demo.bot.database.read() as session:
            rules = demo.bot.rules_in(session)
            event.listen(engine, "before_cursor_execute", count)
            listed(session, demo.bot.scheme_cache, rules, who, query, TODAY)
            event.remove(engine, "before_cursor_execute", count)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 10


def test_a_page_beyond_the_end_is_the_last_one(demo: DemoLists) -> None:
    page = ask(demo, ANNA, Listing(), 5_000)
    assert page.rows
    assert page.last == page.total


def test_nothing_found_says_so(demo: DemoLists) -> None:
    page = ask(demo, ANNA, Listing(filters=F(regions=("Atlantis",))))
    assert (page.rows, page.total) == ((), 0)
    for language, words in (("en", "None of the customers that you may see fits"), ("zh", "没有符合条件的")):
        (paragraph,) = demo.bot.renderer.slots(page, language).body
        assert words in paragraph
    assert page.targets() == {}


@pytest.mark.parametrize("name", LISTS)
def test_a_button_holds_a_list_and_its_place(name: str) -> None:
    for start in (0, 40):
        assert state.list_of(state.of_list(LISTS[name], start)) == (LISTS[name], start)


HOSTILE = ("a;b=c,d:e#f%g", "<!channel>", '"\\', "\x00\n\t", "名%3b.", "\ud800", "=1+1", " ")


def test_a_button_holds_whatever_a_region_is_called() -> None:
    query = Listing(filters=F(regions=HOSTILE, profile=tuple((text, text) for text in HOSTILE)))
    text = state.of_list(query)
    assert state.list_of(text) == (query, 0)
    assert not set(text) & set('<>&"\\')
    names = ("a,b", "#12", 12, *HOSTILE)
    assert state.names_of(state.of_names(names)) == names


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "x", "l;z=1", "l;t", "l;t=A;t=B", "l;q=visit:-1", "l;q=visit:99999999", "l;q=tea:1"),
        *(
            "l;v=up:2026-99-01",
            "l;n=sideways",
            "l;b=luck",
            "l;a=-1",
            "l;a=99999999999",
            "l;o=x",
            "l;p=a",
            "c;A,B",
        ),
        *("l;t=%ffffffff.", "l;a=１"),
    ],
)
def test_a_forged_list_is_refused(text: str | None) -> None:
    with pytest.raises(BadInput):
        state.list_of(text)
    with pytest.raises(BadInput):
        state.names_of("c;A,,B" if text == "c;A,B" else text)


def test_silence_counts_from_the_day_itself(demo: DemoLists, slow: SlowLists) -> None:
    number = next(iter(slow.book.index))
    last = slow._last(Silence.CONTACT, number)
    assert last is not None
    days = (TODAY - last.date()) // timedelta(days=1)
    for more, is_there in ((0, True), (1, False)):
        query = Listing(filters=F(silent_for=(SilentFor(what=Silence.CONTACT, days=days + more),)))
        assert (number in whole(demo, GRACE, query)) is is_there


def test_no_list_says_what_the_limit_of_a_customer_is(demo: DemoLists, slow: SlowLists) -> None:
    query = Listing(sort=Sort.OVER_LIMIT)
    said = {
        row.customer_id: value
        for start in (0, ON_PAGE, 2 * ON_PAGE)
        for row in ask(demo, GRACE, query, start).rows
        for value in row.said
        if value.kind == "over_limit"
    }
    over = slow.ids(None, Listing(filters=F(risks=(Risk.OVER_LIMIT,))))
    assert over
    for number, value in said.items():
        owed = float(slow.book.loc[number, "exposure"]) / 10_000 if number in over else None
        assert value.amount == owed
