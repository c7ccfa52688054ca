"""What can go wrong with Slack, to be switched on: one description per fault, and the switches."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, fields, replace
from typing import Any, Literal

Place = Literal["call", "pace", "delivery", "order", "door", "socket", "hello", "ghost", "blocks"]

EVERY = "*"
HISTORY = ("conversations.history", "conversations.replies")
POSTING = ("chat.postMessage",)


@dataclass(frozen=True)
class FaultKind:
    """One way to fail: where it strikes, a description, and the settings of a fault that gives none.

    `stored` says whether what the bot asked for has been done when the fault strikes.
    """

    place: Place
    description: str
    _: KW_ONLY
    methods: tuple[str, ...] = (EVERY,)
    seconds: float | None = None
    stored: bool = False
    code: str = ""


KINDS: Mapping[str, FaultKind] = {
    "lost_closed": FaultKind("call", "done, then closed without an answer", methods=POSTING, stored=True),
    "lost_reset": FaultKind("call", "done, then reset (RST)", methods=POSTING, stored=True),
    "slow": FaultKind("call", "done, answered `seconds` later", methods=POSTING, stored=True, seconds=30.0),
    "late_store": FaultKind(
        "call", "no answer; done `seconds` after the call's end", methods=POSTING, seconds=20.0
    ),
    "rate_limited": FaultKind("call", "429 with the Retry-After given", methods=POSTING, code="ratelimited"),
    "server_error": FaultKind("call", "5xx with a page, `status` 500 or 503", methods=POSTING),
    "bad_json": FaultKind("call", "200 with a body that is no JSON", methods=POSTING, stored=True),
    "empty": FaultKind("call", "200 without a body", methods=POSTING, stored=True),
    "error": FaultKind("call", "`ok: false` with `code`", methods=POSTING, code="internal_error"),
    "history_unreadable": FaultKind("call", "history may not be read", methods=HISTORY, code="missing_scope"),
    "history_limited": FaultKind(
        "pace", "one reading per `seconds`, 15 messages each", methods=HISTORY, seconds=60.0
    ),
    "pacing": FaultKind("pace", "429 above the channel's or the workspace's rate", methods=POSTING),
    "deliver_twice": FaultKind("delivery", "the same payload again, `copies` times"),
    "out_of_order": FaultKind("order", "held until the next has been taken, or for `seconds`", seconds=0.5),
    "forged": FaultKind(
        "door", "before the payload, by HTTP, what strangers make of it: unsigned, badly, long ago"
    ),
    "broken_body": FaultKind(
        "door",
        "before the payload, by HTTP, signed bodies that are cut off or no payload",
        methods=("interactive", "events_api"),  # half of a command may be a command
    ),
    "socket_reset": FaultKind("socket", "the connection is reset instead of carrying a payload"),
    "socket_stall": FaultKind("socket", "half open: neither data nor pongs, and the payload is lost"),
    "socket_garbage": FaultKind("socket", "frames that mean nothing before the payload"),
    "socket_broken": FaultKind("socket", "bytes that are no frame instead of the payload"),
    "socket_disconnect": FaultKind("socket", "a `disconnect` with `reason` behind the payload"),
    "ghosts": FaultKind("ghost", "`copies` connections that nobody reads get their share of the payloads"),
    "no_tables": FaultKind("blocks", "an old workspace: messages with tables are refused"),
    "hello_late": FaultKind("hello", "hello comes `seconds` after the connection", seconds=2.0),
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault as switched on. It strikes with `probability`, at most `count` times.

    `methods` are Web API methods, `response_url`, or kinds of payload (slash_commands, interactive,
    events_api); `*` stands for all. With `channels` it strikes only calls for these.
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
_NUMBERS = ("probability", "seconds", "count", "status", "copies", "burst", "per_second", "per_minute")


def describe(kind: str, name: str = "", **settings: Any) -> Fault:
    """A fault as it would be switched on; ValueError for an unknown kind or setting."""
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
    usual = {key: getattr(KINDS[kind], key) for key in ("methods", "seconds", "stored", "code")}
    fault = Fault(name=name or kind, kind=kind, **(usual | given))
    for number in _NUMBERS:
        value = getattr(fault, number)
        if isinstance(value, bool) or not isinstance(value, int | float | None):
            raise ValueError(f"{number} is a number, not {value!r}.")
    if not 0 <= fault.probability <= 1:
        raise ValueError(f"A probability is between 0 and 1, not {fault.probability}.")
    return fault


def describe_socket_fault(kind: str, **settings: Any) -> Fault:
    """A fault that can strike Socket Mode connections at once; ValueError for any other."""
    fault = describe(kind, **settings)
    if KINDS[kind].place != "socket":
        raise ValueError(f"{kind} does not happen to a Socket Mode connection.")
    return fault


def _is_timed(fault: Fault) -> bool:
    at_hello = KINDS[fault.kind].place == "socket" and fault.kind != "socket_disconnect"
    return at_hello and fault.seconds is not None


class Faults:
    """Which faults are on, and how often each has struck. All methods may be called from any thread.

    The random source is a parameter, so that a run with the same seed strikes the same calls.
    """

    def __init__(self, rng: random.Random, *, changed: Callable[[], object] = lambda: None) -> None:
        self._rng = rng
        self._changed = changed
        self._lock = threading.Lock()
        self._on: dict[str, Fault] = {}
        self._struck: Counter[str] = Counter()
        self._late = 0

    def switch(self, kind: str, *, name: str = "", **settings: Any) -> None:
        """Switch a fault on, in the place of one of the same name; a name lets one kind be on twice.

        Raises ValueError for an unknown kind or setting.
        """
        self.put(describe(kind, name, **settings))

    def put(self, fault: Fault) -> None:
        """Switch on a fault that has been described."""
        with self._lock:
            self._on[fault.name] = fault
        self._changed()

    def clear(self, *names: str) -> None:
        """Switch off the faults of these names; without names, all. The counts stay."""
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

    def count_late(self, calls: int) -> None:
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
        """The faults that are on for this place and method, whatever their probability."""
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
        """A fault by its name, when it is on and strikes now (by its probability), counted."""
        return self._draw(lambda: [self._on[name]] if name in self._on else [])

    def draw(self, place: Place, method: str, channels: Iterable[str] = ()) -> Fault | None:
        """The fault that strikes here now (by its probability), counted, or None."""
        return self._draw(lambda: [f for f in self._find(place, method, channels) if not _is_timed(f)])

    def _draw(self, find: Callable[[], list[Fault]]) -> Fault | None:
        with self._lock:
            struck = next((fault for fault in find() if self._rng.random() < fault.probability), None)
            if struck:
                self._count(struck)
        if struck:
            self._changed()
        return struck
