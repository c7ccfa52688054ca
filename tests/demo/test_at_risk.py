"""What is at risk of the demo's book is what a slow count over its orders says, for three people with different rights."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import FixedClock, ShiftedClock
from bot.demo import history, story
from bot.demo.book.files import SEED
from bot.demo.book.stories import write_new_orders
from bot.services import access
from bot.services.ask.risk.at_risk import at_risk
from db.book import customers
from db.book.people import Person, Team
from tests.services.ask.risk.test_at_risk import actor_of, assert_says
from tests.services.grade.slow_figures import differences, frames, recount


def assert_right(bot: Tierbot, today: date) -> dict[str, int]:
    """Figures and answers equal the slow count; role of who was asked -> rows of the answer."""
    with bot.database.read() as session:
        gap = bot.scheme_cache.scheme(session, 1).constants.get("usual_gap_days")
        found = differences(bot.database, today, gap)
        assert found == []
        slow = recount(frames(bot.database), today, today, gap)
        owners = customers.present_owners(session, list(slow))
        asked = {}
        for person in session.exec(select(Person).order_by(col(Person.id))):
            if person.role in asked:
                continue
            led = session.exec(select(Team.id).where(Team.lead_id == person.id)).all()
            who = actor_of(person.id or 0, person.role, person.team_id, led_teams=frozenset(led))
            sees_all = access.visible_owners(session, who) is None
            mine = None if sees_all else access.list_scope(session, who)[1]
            seen = {c: one for c, one in slow.items() if mine is None or owners[c] in mine}
            said = at_risk(session, bot.scheme_cache, who, today)
            assert_says(said, seen)
            asked[person.role] = len(said.rows)
    return asked


def test_figures_and_answers_of_the_demo_s_book_equal_a_slow_count(tmp_path: Path) -> None:
    clock = ShiftedClock(FixedClock(datetime(2026, 11, 10, 9, tzinfo=UTC)))
    bot = build(story.demo_settings(tmp_path, "http://127.0.0.1:9/api/"), clock=clock)
    history.fill(bot, lambda _: None)
    roles = assert_right(bot, clock.now().date())
    clock.advance(timedelta(hours=2))
    path = write_new_orders(tmp_path / "book", today=clock.now().date(), seed=SEED, story="quarter_rush")
    history.import_rows(bot, path)
    jobs.regrade(bot)
    assert_right(bot, clock.now().date())
    clock.advance(timedelta(days=31))
    jobs.grade(bot)
    assert_right(bot, clock.now().date())
    bot.close()
    assert len(roles) > 2
    assert sum(roles.values()) > 10
