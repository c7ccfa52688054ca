"""Every message that was stored, and how fast the bot posted: what a bot's own records are compared with."""

from __future__ import annotations

import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from bot.demo.workspace.faults.kinds import Fault
from bot.demo.workspace.records import Json

#: The longest wait that a Retry-After asks for here, in seconds; nobody waits a day.
LONGEST_WAIT = 900.0
#: Calls sent at the right pace arrive a little unevenly: up to this share of a message counts as in time.
_UNEVENNESS = 0.1


@dataclass(frozen=True, kw_only=True)
class Post:
    """A message stored by chat.postMessage: `at` by the workspace's clock, `seconds` by the monotonic one."""

    channel: str
    ts: str
    text: str
    metadata: Json | None
    at: datetime
    seconds: float

    def json(self) -> Json:
        """For another process."""
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, kw_only=True)
class PostRate:
    """How fast chat.postMessage was called.

    `violations` are calls above the limits, `early` those made before a Retry-After had passed;
    `peak_per_second` is the most calls within any one second per channel, `peak_per_minute` the most in the workspace.
    """

    calls: int
    violations: int
    early: int
    peak_per_second: Mapping[str, int]
    peak_per_minute: int


@dataclass(kw_only=True)
class _Bucket:
    tokens: float
    filled: float
    recent: deque[float] = field(default_factory=deque)


def _slide(calls: deque[float], now: float, span: float) -> int:
    calls.append(now)
    while calls[0] <= now - span:
        calls.popleft()
    return len(calls)


class Ledger:
    """Posts in the order they were stored, and their rate. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._lock = threading.Lock()
        self._posts: list[Post] = []
        self._references: Counter[str] = Counter()
        self._buckets: dict[str, _Bucket] = {}
        self._minute: deque[float] = deque()
        self._accepted: deque[float] = deque()
        self._waits: dict[tuple[str, str], float] = {}
        self._calls = self._violations = self._early = self._peak_minute = 0
        self._peaks: Counter[str] = Counter()
        self._readings: dict[str, float] = {}

    def add(self, post: Post) -> None:
        """Add a stored message."""
        with self._lock:
            self._posts.append(post)
            payload = (post.metadata or {}).get("event_payload") or {}
            if "id" in payload:
                self._references[str(payload["id"])] += 1

    @property
    def repeated(self) -> int:
        """How many messages carry the same `id` in their metadata as an earlier one: second copies."""
        with self._lock:
            return self._references.total() - len(self._references)

    @property
    def posts(self) -> tuple[Post, ...]:
        """Every message stored so far, those deleted since included."""
        with self._lock:
            return tuple(self._posts)

    @property
    def rates(self) -> PostRate:
        """The figures so far."""
        with self._lock:
            return PostRate(
                calls=self._calls,
                violations=self._violations,
                early=self._early,
                peak_per_second=dict(self._peaks),
                peak_per_minute=self._peak_minute,
            )

    def forget_rates(self) -> None:
        """Start the figures again: buckets are full, posts stay."""
        with self._lock:
            self._calls = self._violations = self._early = self._peak_minute = 0
            for held in (self._buckets, self._minute, self._accepted, self._waits, self._peaks):
                held.clear()

    def _wait(self, channel: str, now: float, limits: Fault) -> int:
        bucket = self._buckets.setdefault(channel, _Bucket(tokens=limits.burst, filled=now))
        grown = bucket.tokens + (now - bucket.filled) * limits.per_second
        bucket.tokens, bucket.filled = min(float(limits.burst), grown), now
        self._peaks[channel] = max(self._peaks[channel], _slide(bucket.recent, now, 1.0))
        self._peak_minute = max(self._peak_minute, _slide(self._minute, now, 60.0))
        while self._accepted and self._accepted[0] <= now - 60.0:
            self._accepted.popleft()
        if len(self._accepted) >= limits.per_minute:
            return max(1, math.ceil(self._accepted[0] + 60.0 - now))
        if bucket.tokens < 1 - _UNEVENNESS:
            return max(1, math.ceil((1 - bucket.tokens) / limits.per_second))
        bucket.tokens -= 1
        self._accepted.append(now)
        return 0

    def measure(self, method: str, channel: str, limits: Fault) -> int:
        """Count a posting call; the seconds Slack would ask to wait, 0 within the `pacing` limits."""
        with self._lock:
            now = self.monotonic()
            self._calls += 1
            self._early += self._waits.get((method, channel), -math.inf) > now
            seconds = self._wait(channel, now, limits)
            self._violations += seconds > 0
            return seconds

    def record_refusal(self, method: str, channel: str, header: str | None) -> None:
        """Store the Retry-After that was answered; a value that is no number of seconds asks for no wait."""
        if header is not None and header.isascii() and header.isdigit():
            with self._lock:
                self._waits[method, channel] = self.monotonic() + min(float(header), LONGEST_WAIT)

    def read(self, method: str, span: float) -> int:
        """Count a reading at the low rate; the seconds to wait, 0 when it is allowed."""
        with self._lock:
            now = self.monotonic()
            free = self._readings.get(method, -math.inf)
            if free > now:
                return max(1, math.ceil(free - now))
            self._readings[method] = now + span
            return 0
