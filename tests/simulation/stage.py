"""Where histories of both kinds are played: most are of delivery, some of the schedule, which take ten times as long."""

from collections import Counter
from functools import cached_property, partial

from tests.simulation import days, delivery, schedule, scripts
from tests.simulation.ground import Ground
from tests.simulation.scripts import Begin, Script

EACH = 20  # of so many histories one is of the schedule


class Stage:
    """The databases, opened when they are needed."""

    @cached_property
    def delivery(self) -> Ground:
        return Ground()

    @cached_property
    def schedule(self) -> Ground:
        return Ground(schedule.furnish)

    def begin(self, number: int) -> Begin:
        if _is_of_schedule(number):
            return partial(schedule.Schedule, self.schedule)
        return partial(delivery.Delivery, self.delivery)

    def play(self, seed: int, number: int) -> Counter[str]:
        return scripts.play(self.begin(number), script(seed, number))

    def close(self) -> None:
        for name in ("delivery", "schedule"):
            if name in self.__dict__:
                getattr(self, name).close()


def script(seed: int, number: int) -> Script:
    return scripts.drawn(days.draw if _is_of_schedule(number) else delivery.draw, seed, number)


def _is_of_schedule(number: int) -> bool:
    return number % EACH == EACH - 1
