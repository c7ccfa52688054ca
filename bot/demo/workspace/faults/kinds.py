"""What can go wrong with Slack, to be switched on: one description per fault, and the switchboard."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal

Place = Literal["call", "pace", "delivery", "order", "socket", "hello"]

EVERY = "*"
HISTORY = ("conversations.history", "conversations.replies")
POSTING = ("chat.postMessage",)


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """One way to fail: where it strikes, in words, and what holds unless told otherwise.

    `stored` says whether what the bot asked for has been done when the fault strikes.
    """

    place: Place
    words: str
    methods: tuple[str, ...] = (EVERY,)
    seconds: float | None = None
    stored: bool = False
    code: str = ""


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "lost_closed": FaultKind(
            place="call", methods=POSTING, stored=True, words="done, then closed without an answer"
        ),
        "lost_reset": FaultKind(place="call", methods=POSTING, stored=True, words="done, then reset (RST)"),
        "slow": FaultKind(
            place="call", methods=POSTING, stored=True, seconds=30.0, words="done, answered `seconds` later"
        ),
        "late_store": FaultKind(
            place="call",
            methods=POSTING,
            seconds=20.0,
            words="no answer; done `seconds` after the call's end",
        ),
        "rate_limited": FaultKind(
            place="call", methods=POSTING, code="ratelimited", words="429 with the Retry-After given"
        ),
        "server_error": FaultKind(
            place="call", methods=POSTING, words="5xx with a page, `status` 500 or 503"
        ),
        "bad_json": FaultKind(
            place="call", methods=POSTING, stored=True, words="200 with a body that is no JSON"
        ),
        "empty": FaultKind(place="call", methods=POSTING, stored=True, words="200 without a body"),
        "error": FaultKind(
            place="call", methods=POSTING, code="internal_error", words="`ok: false` with `code`"
        ),
        "history_unreadable": FaultKind(
            place="call", methods=HISTORY, code="missing_scope", words="history may not be read"
        ),
        "history_limited": FaultKind(
            place="pace", methods=HISTORY, seconds=60.0, words="one reading per `seconds`, 15 messages each"
        ),
        "pacing": FaultKind(
            place="pace", methods=POSTING, words="429 above the channel's or the workspace's rate"
        ),
        "deliver_twice": FaultKind(place="delivery", words="the same payload again, `copies` times"),
        "out_of_order": FaultKind(
            place="order", seconds=0.5, words="held until the next has been taken, or for `seconds`"
        ),
        "socket_reset": FaultKind(
            place="socket", words="the connection is reset instead of carrying a payload"
        ),
        "socket_stall": FaultKind(
            place="socket", words="half open: neither data nor pongs, and the payload is lost"
        ),
        "socket_garbage": FaultKind(place="socket", words="frames that mean nothing before the payload"),
        "socket_broken": FaultKind(place="socket", words="bytes that are no frame instead of the payload"),
        "socket_disconnect": FaultKind(
            place="socket", words="a `disconnect` with `reason` behind the payload"
        ),
        "hello_late": FaultKind(
            place="hello", seconds=2.0, words="hello comes `seconds` after the connection"
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault as switched on. It strikes with `probability`, at most `count` times.

    `methods` are Web API methods, `response_url`, or kinds of payload (slash_commands, interactive,
    events_api); `*` stands for all. With `channels` only calls for these are struck.
    A socket fault with `seconds` strikes every connection that long after its hello instead of at payloads;
    a `disconnect` closes the connection `seconds` later.
    """

    name: str
    kind: str
    probability: float = 1.0
    count: int | None = None
    methods: tuple[str, ...] = (EVERY,)
    channels: tuple[str, ...] = ()
    seconds: float | None = None
    stored: bool = False
    code: str = ""
    status: int = 503
    #: None leaves the header out.
    retry_after: str | None = "2"
    reason: str = "refresh_requested"
    copies: int = 1
    #: The further copies go to other connections, where there are any.
    elsewhere: bool = True
    #: Pacing: messages per second and at once in a channel, and per minute in the workspace.
    per_second: float = 1.0
    burst: int = 3
    per_minute: int = 300

    def concerns(self, method: str, channels: Iterable[str]) -> bool:
        """True when a call of this method for a channel (under any of its names) may be struck."""
        of_method = EVERY in self.methods or method in self.methods
        return of_method and (not self.channels or bool(set(self.channels).intersection(channels)))


_SETTINGS = {field.name for field in fields(Fault)} - {"name", "kind"}


def _checked(kind: str, name: str, settings: Mapping[str, Any]) -> Fault:
    if kind not in KINDS:
        raise ValueError(f"There is no fault {kind!r}; there are {', '.join(KINDS)}.")
    if unknown := settings.keys() - _SETTINGS:
        raise ValueError(
            f"A fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(_SETTINGS))}."
        )
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    for listed in ("methods", "channels"):
        if isinstance(given.get(listed), str):
            given[listed] = (given[listed],)
    usual = KINDS[kind]
    common = {name: getattr(usual, name) for name in ("methods", "seconds", "stored", "code")}
    fault = Fault(name=name, kind=kind, **(common | given))
    for number in (
        "probability",
        "seconds",
        "count",
        "status",
        "copies",
        "burst",
        "per_second",
        "per_minute",
    ):
        value = getattr(fault, number)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ValueError(f"{number} is a number, not {value!r}.")
    if not 0 <= fault.probability <= 1:
        raise ValueError(f"A probability is between 0 and 1, not {fault.probability}.")
    return fault


def _is_timed(fault: Fault) -> bool:
    at_hello = KINDS[fault.kind].place == "socket" and fault.kind != "socket_disconnect"
    return at_hello and fault.seconds is not None


def describe(kind: str, name: str = "", **settings: Any) -> Fault:
    """A fault as it would be switched on; ValueError for a kind or setting there is none of."""
    return _checked(kind, name or kind, settings)


class Faults:
    """Which faults are on, and how often each has struck. All methods may be called from any thread.

    The dice are given, so that a run with a seed strikes the same calls again.
    """

    def __init__(self, rng: random.Random, *, changed: Callable[[], object] = lambda: None) -> None:
        self._rng = rng
        self._changed = changed
        self._lock = threading.Lock()
        self._on: dict[str, Fault] = {}
        self._struck: Counter[str] = Counter()
        self._late = 0

    def switch(self, kind: str, *, name: str = "", **settings: Any) -> Fault:
        """Switch a fault on, in the place of one of the same name; a name lets one kind be on twice.

        Raises ValueError for a kind or setting there is none of.
        """
        fault = describe(kind, name, **settings)
        self.put(fault)
        return fault

    def put(self, fault: Fault) -> None:
        """Switch on a fault that has been described."""
        with self._lock:
            self._on[fault.name] = fault
        self._changed()

    def clear(self, *names: str) -> None:
        """Switch off the faults of these names; without any, all. What has struck stays counted."""
        with self._lock:
            for name in names or tuple(self._on):
                self._on.pop(name, None)
        self._changed()

    @property
    def on(self) -> Mapping[str, Fault]:
        """The faults that are on, by name."""
        with self._lock:
            return dict(self._on)

    @property
    def struck(self) -> Mapping[str, int]:
        """How often each fault has struck since the start, by name."""
        with self._lock:
            return Counter(self._struck)

    @property
    def late(self) -> int:
        """How many calls are still to be done by `late_store`."""
        with self._lock:
            return self._late

    def expect_late(self, calls: int) -> None:
        """Count calls that are to be done later (+1), or have been (-1)."""
        with self._lock:
            self._late += calls
        self._changed()

    def count(self, fault: Fault) -> None:
        """Count a strike; a fault that has struck `count` times is off."""
        with self._lock:
            self._count(fault)
        self._changed()

    def _count(self, fault: Fault) -> None:
        self._struck[fault.name] += 1
        if fault.count is not None and self._on.get(fault.name) == fault:
            left = replace(fault, count=fault.count - 1)
            if left.count:
                self._on[fault.name] = left
            else:
                del self._on[fault.name]

    def active(self, place: Place, method: str = EVERY, channels: Iterable[str] = ()) -> list[Fault]:
        """The faults that are on for this place and method, without throwing the dice."""
        with self._lock:
            return self._find(place, method, channels)

    def _find(self, place: Place, method: str, channels: Iterable[str]) -> list[Fault]:
        return [
            fault
            for fault in self._on.values()
            if KINDS[fault.kind].place == place and fault.concerns(method, channels)
        ]

    @property
    def timed(self) -> Mapping[str, Fault]:
        """The socket faults that strike some time after the hello, by name."""
        with self._lock:
            return {name: fault for name, fault in self._on.items() if _is_timed(fault)}

    def draw_named(self, name: str) -> Fault | None:
        """Throw the dice for one fault that is on: the fault when it strikes, counted."""
        with self._lock:
            fault = self._on.get(name)
            struck = fault is not None and self._rng.random() < fault.probability
            if fault is not None and struck:
                self._count(fault)
        if struck:
            self._changed()
        return fault if struck else None

    def draw(self, place: Place, method: str, channels: Iterable[str] = ()) -> Fault | None:
        """Throw the dice: the fault that strikes here now, counted, or None."""
        struck = None
        with self._lock:
            for fault in self._find(place, method, channels):
                if _is_timed(fault):
                    continue
                if self._rng.random() < fault.probability:
                    struck = fault
                    self._count(fault)
                    break
        if struck:
            self._changed()
        return struck
