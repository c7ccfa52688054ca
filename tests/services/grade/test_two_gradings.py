"""Two gradings that publish at the same moment, as a job and a person may."""

import threading

from sqlmodel import select

from bot.errors import Conflict
from db.engine import Database
from db.graded.runs import GradingRun
from tests import factories
from tests.conftest import OpenAnother
from tests.services.grade.test_runs import APRIL, MARCH, Told, grade

RIVALS = 4


def test_of_gradings_that_publish_at_the_same_moment_one_does_and_notifies(open_another: OpenAnother) -> None:
    databases = [open_another() for _ in range(RIVALS)]
    with databases[0].write() as session:
        factories.scheme(session)
        customer = factories.customer(session)
        factories.fact(session, customer, "quality", 60)
    grade(databases[0], MARCH)
    with databases[0].write() as session:
        factories.fact(session, customer, "quality", 80, APRIL)
    told: Told = []
    refused: list[str] = []
    together = threading.Barrier(RIVALS, timeout=20)

    def rival(database: Database) -> None:
        try:
            grade(database, APRIL, told, progress=lambda done, total: together.wait())
        except Conflict as conflict:
            refused.append(str(conflict))

    threads = [threading.Thread(target=rival, args=[database]) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(refused) == RIVALS - 1
    assert len(told) == 1
    with databases[0].read() as session:
        published = session.exec(select(GradingRun).where(GradingRun.status == "published")).all()
    assert [run.as_of for run in published] == [MARCH, APRIL]
