"""Scripts of histories: drawn at random from a number, played, and shortened when one fails.

A script is a list of calls of a history's methods, so that a failing one can be kept as a test.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import structlog

Step = tuple[Any, ...]
Script = list[Step]


class History(Protocol):
    """What a script is played on; its methods are the steps."""

    count: Counter[str]

    def check(self) -> None: ...

    def end(self) -> None: ...


Begin = Callable[[], History]
Draw = Callable[[random.Random], Script]


def play(begin: Begin, script: Script) -> Counter[str]:
    """Call the steps, check after each, and end the history."""
    history = begin()
    for name, *arguments in script:
        getattr(history, name)(*arguments)
        history.check()
    history.end()
    return history.count


def draw_script(draw: Draw, seed: int, number: int) -> Script:
    """The same script for the same seed and number, independent of earlier draws."""
    return draw(random.Random(f"{seed}:{number}"))


def failure_of(begin: Begin, script: Script) -> Exception | None:
    try:
        play(begin, script)
    except Exception as error:
        return error
    return None


def shorten(begin: Begin, script: Script) -> Script:
    """Leave out all steps that the failure does not need."""
    size = max(1, len(script) // 2)
    while True:
        at = 0
        while at < len(script):
            shorter = script[:at] + script[at + size :]
            if failure_of(begin, shorter) is not None:
                script = shorter
            else:
                at += size
        if size == 1:
            return script
        size //= 2


class NullLogger:
    """Drops log lines: formatting them takes longer than the work."""

    def __init__(self, *_: object) -> None: ...

    def msg(self, *_: object, **__: object) -> None: ...

    debug = info = warning = error = critical = msg


def silence_logs() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), logger_factory=NullLogger)
