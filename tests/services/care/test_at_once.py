"""Two processes plan, two write digests and people press buttons, all at once: each step once, each morning once."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from sqlmodel import col, select

from bot.clock import FixedClock
from bot.errors import BotError
from bot.services.care import planning_pass
from bot.wording.actions import Pointer
from db.care import marks
from db.care.touches import OPEN, Touch
from db.outbox.messages import OutboxMessage
from tests import factories
from tests.conftest import OpenAnother, on_postgresql
from tests.services.book import MONDAY, Book, at

DAY = timedelta(days=1)
CUSTOMERS, PRESSES, ROUNDS = 30, 15, 3


@on_postgresql
def test_planners_digesters_and_people_at_once_leave_one_step_and_one_digest(
    open_another: OpenAnother,
) -> None:
    rng = random.Random(14)
    book = Book(open_another(), clock=FixedClock(at(MONDAY - DAY)))
    with book.database.write() as session:
        owners = [factories.person(session, name) for name in ("Anna", "Ben")]
        ids = [factories.customer(session, owner_id=owners[number % 2]) for number in range(CUSTOMERS)]
        for customer in ids:
            factories.contact(session, customer, MONDAY - rng.randrange(20, 60) * DAY, "call")
    book.grade({customer: rng.choice("AB") for customer in ids})
    book.plan()

    def plan(own: Book) -> None:
        for _ in range(ROUNDS):
            planning_pass.plan_changed(own.database, own.rules, own.clock.now())
            with own.database.write() as session:
                marks.mark(session.connection(), ids)

    def write_digests(own: Book) -> None:
        for _ in range(ROUNDS):
            own.remind()

    def press(own: Book) -> None:
        for _ in range(PRESSES):
            with own.database.read() as session:
                found = session.exec(select(Touch).where(col(Touch.state).in_(OPEN), Touch.step == "revisit"))
                touch = rng.choice([*found] or [Touch(id=0, customer_id=ids[0])])
            person = own.actor(("U0ANNA", "U0BEN")[(touch.customer_id - ids[0]) % 2])
            with suppress(BotError):  # somebody else was faster
                done = own.done(person, Pointer(id=touch.id or 0, version=touch.version))
                if rng.random() < 0.5:
                    own.undo(person, Pointer(id=done.touch_id, version=done.version + 1))

    failed: list[Exception] = []
    acts = (plan, plan, write_digests, write_digests, press)
    together = threading.Barrier(len(acts))

    def run(act: Callable[[Book], None]) -> None:
        own = Book(open_another(), clock=FixedClock(at(MONDAY)))
        together.wait()
        try:
            act(own)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    planning_pass.plan_changed(book.database, book.rules, at(MONDAY))
    with book.database.read() as session:
        keys = [row.dedupe_key for row in session.exec(select(OutboxMessage))]
        found = session.exec(select(Touch).where(col(Touch.state).in_(OPEN), Touch.step == "revisit"))
        still_open = sorted(touch.customer_id for touch in found)
    assert sorted(keys) == [f"digest:person:{owner}:{MONDAY}" for owner in owners]
    assert still_open == ids
