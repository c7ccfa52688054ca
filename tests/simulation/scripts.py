"""Scripts of histories: drawn from a number, played, and made short when one goes wrong.

A script is a list of calls to a history's own methods, so that a failing one can be kept as it stands.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import structlog

Step = tuple[Any, ...]
Script = list[Step]


class History(Protocol):
    """What a script is played on."""

    count: Counter[str]

    def check(self) -> None: ...

    def end(self) -> None: ...


Begin = Callable[[], History]
Draw = Callable[[random.Random], Script]


def play(begin: Begin, script: Script) -> Counter[str]:
    """Do what the script says, check after each step, and let it come to its end."""
    history = begin()
    for name, *arguments in script:
        getattr(history, name)(*arguments)
        history.check()
    history.end()
    return history.count


def drawn(draw: Draw, seed: int, number: int) -> Script:
    """The same script for the same seed and number, whatever was drawn before."""
    return draw(random.Random(f"{seed}:{number}"))


def wrong(begin: Begin, script: Script) -> Exception | None:
    try:
        play(begin, script)
    except Exception as error:
        return error
    return None


def shorten(begin: Begin, script: Script) -> Script:
    """Leave out whatever the failure does not need."""
    size = max(1, len(script) // 2)
    while True:
        at = 0
        while at < len(script):
            shorter = script[:at] + script[at + size :]
            if wrong(begin, shorter) is not None:
                script = shorter
            else:
                at += size
        if size == 1:
            return script
        size //= 2


class Silence:
    """A log nobody reads: making its lines takes longer than the work."""

    def __init__(self, *_: object) -> None: ...

    def msg(self, *_: object, **__: object) -> None: ...

    debug = info = warning = error = critical = msg


def be_silent() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50), logger_factory=Silence)
