"""A team: its figures against pandas, who may see it, and a choice for who has several."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from bot.errors import NotAllowed, NotFound
from bot.services.access import Actor
from bot.services.ask.listing.team import team
from bot.services.ask.questions.query import Direction, MovedSince, Risk
from bot.wording.answers.listing import TeamBook, TeamChoice
from tests.services.ask.listing.conftest import ANNA, GRACE, OMAR, TODAY, DemoLists
from tests.services.ask.listing.slow_lists import SlowLists


@pytest.fixture(scope="module")
def slow(demo: DemoLists) -> SlowLists:
    with demo.bot.database.read() as session:
        schemes = dict(demo.bot.scheme_cache.tier_names(session).schemes)
    return SlowLists(demo.bot.database, schemes, TODAY)


def ask(demo: DemoLists, actor: Actor, number: int | None = None) -> TeamBook | TeamChoice:
    bot = demo.bot
    return team(
        bot.database,
        bot.scheme_cache,
        bot.rules,
        actor,
        number,
        now=bot.clock.now(),
        share=bot.settings.care_share,
    )


def test_each_person_has_the_figures_that_pandas_counts(demo: DemoLists, slow: SlowLists) -> None:
    found = ask(demo, demo.actor(OMAR))
    assert isinstance(found, TeamBook)
    people = slow.people.reset_index().set_index("slack_user_id")["id"]
    since = MovedSince(direction=None, since=TODAY - timedelta(days=30))
    for member in found.members:
        own = slow.book[slow.book["person_id"] == people[member.who.slack_user_id]]
        tiers = own["tier"].fillna("unrated").value_counts()
        assert member.total == len(own)
        assert {tier.id: count for tier, count in member.counts} == dict(tiers)
        late = slow.touches[slow.touches["customer_id"].isin(own.index)]
        late = late[late["state"].isin(["planned", "reminded", "snoozed"])]
        late = late[late["latest_on"] < pd.Timestamp(TODAY)]
        assert member.overdue_steps == len(late[~late["kind"].isin(["greeting", "birthday"])])
        assert member.not_visited == late[late["kind"] == "revisit"]["customer_id"].nunique()
        for way, count in ((Direction.UP, member.up), (Direction.DOWN, member.down)):
            moved = replace(since, direction=way)
            assert count == sum(slow._moved(int(str(number)), row, moved) for number, row in own.iterrows())
    assert found.total == sum(member.total for member in found.members)
    assert sum(member.overdue_steps for member in found.members) > 0
    assert any(slow._has(Risk.OVERDUE_STEP, int(str(n)), row) for n, row in slow.book.head(50).iterrows())


def test_who_may_not_see_a_team_learns_nothing_of_it(demo: DemoLists) -> None:
    with pytest.raises(NotAllowed):
        ask(demo, demo.actor(ANNA))
    mine = demo.actor(OMAR)
    (other,) = {1, 2} - mine.teams
    for number in (other, 99):
        with pytest.raises(NotFound) as refused:
            ask(demo, mine, number)
        assert refused.value.values == {}
    assert isinstance(ask(demo, demo.actor(GRACE), other), TeamBook)


def test_who_leads_several_teams_chooses(demo: DemoLists) -> None:
    both = replace(demo.actor(OMAR), led_teams=frozenset({1, 2}))
    choice = ask(demo, both)
    assert isinstance(choice, TeamChoice)
    for one in choice.teams:
        found = ask(demo, both, one.target.id)
        assert isinstance(found, TeamBook)
        assert found.team == one.name


def test_hours_are_shown_only_to_who_may_see_them(demo: DemoLists) -> None:
    found = ask(demo, demo.actor(OMAR))
    assert isinstance(found, TeamBook)
    assert all(member.owes_hours is not None for member in found.members)
    sees = replace(demo.actor(ANNA), role="viewer", seen_teams=frozenset(demo.actor(OMAR).teams))
    seen = ask(demo, sees)
    assert isinstance(seen, TeamBook)
    assert seen.total == found.total
    assert all(member.owes_hours is None for member in seen.members)
