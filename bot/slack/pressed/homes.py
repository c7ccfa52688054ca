"""What this process remembers of the Home tabs that it has published."""

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field

MOST_REMEMBERED = 10_000  # people; whoever's tab was published longest ago is forgotten first
MOST_ANSWERED = 10  # steps that stay on a tab with *Undo*


@dataclass(kw_only=True)
class PublishedHome:
    """The tab of one person. `lock` is held while it is published, so that no older one replaces a newer one."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    hash: str | None = None  # of what Slack shows; None: not known
    answered: tuple[int, ...] = ()  # care steps that were answered since it was opened, the newest last


class Homes:
    """The tabs by Slack user. All methods may be called from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, PublishedHome] = OrderedDict()

    def of(self, user_id: str) -> PublishedHome:
        """What is known of a person's tab."""
        with self._lock:
            found = self._known.setdefault(user_id, PublishedHome())
            self._known.move_to_end(user_id)
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
            return found

    def is_known(self, user_id: str) -> bool:
        """Whether this process has published a person's tab."""
        with self._lock:
            return user_id in self._known

    def note_answered(self, user_id: str, touch_ids: Collection[int]) -> None:
        """Let care steps stay on a person's tab, with what has become of them, until it is opened again."""
        home = self.of(user_id)
        with self._lock:
            rest = [one for one in home.answered if one not in touch_ids]
            home.answered = (*rest, *touch_ids)[-MOST_ANSWERED:]
