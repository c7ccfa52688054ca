"""Histories by number: most are of delivery, some of the schedule, which take ten times as long."""

from collections import Counter
from functools import cached_property, partial

from tests.simulation import delivery, schedule, schedule_scripts, scripts
from tests.simulation.sandbox import Sandbox
from tests.simulation.scripts import Begin, Script

EVERY = 20  # one history of this many is of the schedule


class Histories:
    """Plays histories in sandboxes that are created when they are needed."""

    @cached_property
    def delivery(self) -> Sandbox:
        return Sandbox()

    @cached_property
    def schedule(self) -> Sandbox:
        return Sandbox(schedule.fill)

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
    return scripts.draw_script(
        schedule_scripts.draw if _is_of_schedule(number) else delivery.draw, seed, number
    )


def _is_of_schedule(number: int) -> bool:
    return number % EVERY == EVERY - 1
