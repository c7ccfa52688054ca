"""How busy the machine is during a fault, so that bounds in seconds hold on a machine that others use too."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

WORK = 0.01  # seconds of a processor
EVERY = 0.3


@dataclass(kw_only=True)
class Pace:
    """Seconds that passed for each second of a processor: 1 on a machine that has nothing else to do."""

    _seen: list[float] = field(default_factory=list)
    _looked: float = 0.0

    def look(self) -> None:
        """Work for a moment and see how long it takes; at most three times a second."""
        began, used = time.monotonic(), time.thread_time()
        if began - self._looked < EVERY:
            return
        while (worked := time.thread_time() - used) < WORK:
            pass
        self._looked = time.monotonic()
        self._seen.append((self._looked - began) / worked)

    def wait_until(self, reached: Callable[[], object], seconds: float) -> bool:
        """Wait until something is reached, at most for what takes so long on a machine that has nothing else to do."""
        began = time.monotonic()
        while not (done := bool(reached())) and time.monotonic() - began < self.stretch(seconds):
            time.sleep(0.05)
        return done

    def stretch(self, seconds: float) -> float:
        """What takes so long on a machine that has nothing else to do may take so long on this one."""
        self.look()
        return seconds * max(1.0, median(self._seen))
