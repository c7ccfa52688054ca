"""Survey scores of a simulated year: every low one is followed up by its deadline, or its step is reported like others."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from sqlmodel import select

from bot.clock import local_date
from bot.services.care import surveys
from bot.services.care.surveys import SurveyAnswer
from bot.wording.actions import Pointer
from db.care.surveys import SurveyScore
from db.care.touches import OPEN, StepKind, TouchState
from tests.simulation.parts.part import Part

if TYPE_CHECKING:
    from tests.simulation.care_account import Reading
    from tests.simulation.care_year import Year

CUSTOMERS_A_SCORE = 100  # one is recorded each day for so many customers
LOW = 2  # on the scale from 1 to 5


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A survey score as this year knows it, whatever the product has stored."""

    customer: int
    score: int
    recorded_on: date


class Surveys(Part):
    """Scores from one to five, of which the low ones are followed up by the care steps that they open."""

    columns: ClassVar = {
        "scores": "survey scores",
        "low": "low scores",
        "l. done": "low scores followed up in time",
        "l. late": "low scores followed up late",
        "l. open": "low scores open",
    }

    def __init__(self, year: "Year") -> None:
        super().__init__(year)
        self.scores: dict[str, Scored] = {}  # by the id that it was recorded with
        self._forms = 0

    def live(self, today: date) -> None:
        """Account managers record scores; some send the form twice, some take one back at once."""
        now = self.year.clock.now()
        for customer in self.some_customers(CUSTOMERS_A_SCORE):
            actor, score = self.year.actor_for(customer), self.rng.randrange(1, 6)
            self._forms += 1
            key = f"view:{self._forms}"
            for _ in range(1 + (self.rng.random() < 0.2)):
                done = surveys.record_score(
                    *(self.year.database, actor, SurveyAnswer(score=str(score), scale="1-5")),
                    meant=customer,
                    source="slack",
                    external_id=key,
                    rules=self.year.rules,
                    now=now,
                )
            if self.rng.random() < 0.1:
                button = Pointer(id=done.score_id, version=done.message.version)
                pressed = self.year.presses.pressed(now)
                surveys.undo(self.year.database, actor, button, **pressed)  # type: ignore[arg-type]
                continue
            self.scores[key] = Scored(customer=customer, score=score, recorded_on=actor.today(now))

    def account(self, reading: "Reading", count: Counter[str]) -> Iterator[str]:
        with self.year.database.read() as session:
            stored = {one.external_id: one for one in session.exec(select(SurveyScore))}
        if {key: int(one.score) for key, one in stored.items()} != {
            key: one.score for key, one in self.scores.items()
        }:
            yield "survey scores differ from those that were recorded"
            return
        steps = {touch.dedupe_key: touch for touch in reading.touches if touch.kind == StepKind.LOW_SCORE}
        low = {(one.customer, one.recorded_on) for one in self.scores.values() if one.score <= LOW}
        count["survey scores"] += len(self.scores)
        for customer, day in sorted(low):
            count["low scores"] += 1
            step = steps.pop(f"low_score:{customer}:{day}", None)
            if step is None or step.latest_on is None:
                count["silent"] += 1
                yield f"low score of customer {customer} on {day}: nobody is asked to follow it up"
            elif step.state in OPEN:
                count["low scores open"] += 1
            elif step.state == TouchState.DONE and step.closed_at is not None:
                is_late = local_date(step.closed_at, reading.zone) > step.latest_on
                count[f"low scores followed up {'late' if is_late else 'in time'}"] += 1
        for key, step in steps.items():
            if step.state != TouchState.CANCELLED:
                yield f"{key}: a follow-up ({step.state}) without a low score"
