"""The demo's book, with all its stories and a month more, follows from itself."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import jobs
from bot.app import Tierbot, build
from bot.clock import FixedClock, ShiftedClock
from bot.demo import history, story
from bot.demo.book.files import SEED
from bot.demo.book.stories import write_new_orders
from bot.services.grade.evidence.findings import Verified
from bot.services.grade.verification import verify
from grading.scheme.presets import notices


def verified(bot: Tierbot) -> Verified:
    return verify(bot.database, bot.scheme_cache, bot.settings.zone)


def test_the_demo_s_book_raises_no_alarm_whatever_happens_in_it(tmp_path: Path) -> None:
    clock = ShiftedClock(FixedClock(datetime(2026, 11, 10, 9, tzinfo=UTC)))
    bot = build(story.demo_settings(tmp_path, "http://127.0.0.1:9/api/"), clock=clock)
    history.fill(bot, lambda _: None)
    clock.advance(timedelta(hours=2))
    path = write_new_orders(tmp_path / "book", today=clock.now().date(), seed=SEED, story="quarter_rush")
    history.import_rows(bot, path)
    jobs.regrade(bot)
    clock.advance(timedelta(days=31))
    jobs.grade(bot)
    with bot.database.read() as session:
        scheme = bot.scheme_cache.scheme(session, 1)
    found = verified(bot)
    bot.close()
    # Its orders have no lines, so that it sells no product types; every other constant is set.
    assert [notice.split()[0] for notice in notices(scheme)] == ["constants.product_types_sold"]
    assert found.assessments > 6 * 200
    assert (found.is_sound, found.differences, found.data_unknown) == (True, [], {})
