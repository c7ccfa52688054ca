"""The faults by their codes, each tried on a new installation."""

import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import URL

from bot import logs
from db.engine import open_database
from db.schema import upgrade
from tests import postgres
from tests.faults import (
    birthdays,
    clock_changes,
    crowd,
    deafness,
    disks,
    forms,
    kills,
    machine,
    mornings,
    presses,
    questions,
    refusals,
    restarts,
    restores,
    revisions,
    schedulers,
    tier_moves,
    wrong_clocks,
)
from tests.faults.installation import Installation
from tests.faults.report import Outcome
from tests.faults.slack import Now, Slack

BOTH = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Fault:
    name: str
    inject: Callable[..., Outcome]
    databases: tuple[str, ...] = BOTH
    crashes_server: bool = False  # a PostgreSQL server of its own, because others are tried at the same time


FAULTS = {
    "F01": Fault("killed at every step", kills.killed),
    "F02": Fault("answers lost", kills.lost_answers),
    "F03": Fault("stored late", kills.stored_late),
    "F15": Fault("several schedulers at once", schedulers.together),
    "F04": Fault("paused for two leases", machine.paused),
    "F05": Fault("died holding claims", kills.inherited),
    "F06": Fault("Slack down for hours", refusals.down),
    "F07": Fault("storm of 429", refusals.storm),
    "F08": Fault("odd Retry-After", refusals.odd_waits),
    "F09": Fault("token revoked and restored", refusals.revoked),
    "F10": Fault("channels and people gone", refusals.missing_places),
    "R01": Fault("channels renamed, names taken over", refusals.changed_channels),
    "F11": Fault("history unreadable", refusals.unreadable),
    "F12": Fault("presses delivered four times", presses.repeated_presses),
    "F13": Fault("answering under a lock", presses.locked_presses),
    "F39": Fault("forms killed and locked", forms.typed_notes),
    "S01": Fault("Socket Mode connections broken", presses.broken_connections, ("sqlite",)),
    "C01": Fault("app token shared with another installation", deafness.shared_token, ("sqlite",)),
    "C02": Fault("app token refused for a while", deafness.refused_token, ("sqlite",)),
    "C03": Fault("Slack answers 500 at the start", deafness.failing_at_the_start, ("sqlite",)),
    "L01": Fault("fifty people, an import, 429, a flood", crowd.crowd),
    "L02": Fault("a thousand questions and clicks", questions.questions),
    "F14": Fault("SIGTERM in mid-batch", machine.stopped),
    "F16": Fault("ticks that stop", restarts.stopped_jobs),
    "F17": Fault("clock jumps", wrong_clocks.jumping),
    "M01": Fault("the mornings of every zone", clock_changes.mornings, ("sqlite",)),
    "F18": Fault("clocks that change in every zone", mornings.changed_clocks),
    "F19": Fault("nothing runs for minutes to weeks", mornings.standstills),
    "F20": Fault("birthdays in every year", birthdays.every_year, ("sqlite",)),
    "F21": Fault("machines' clocks 5 min apart", wrong_clocks.different_clocks),
    "F22": Fault("writer lock held", machine.locked, ("sqlite",)),
    "F23": Fault("read-only file system", restarts.read_only, ("sqlite",)),
    "F24": Fault("disk full, then freed", machine.full, ("sqlite",)),
    "F25": Fault("damaged files", disks.damaged, ("sqlite",)),
    "S02": Fault("commands on a full disk", disks.full_disk, ("sqlite",)),
    "F26": Fault(
        "connections cut, server crashes", machine.cut_connections, ("postgresql",), crashes_server=True
    ),
    "F27": Fault("upgraded beside running workers", revisions.migrated),
    "F28": Fault("an older backup restored", restores.restored),
    "F34": Fault("a scheme moves every customer", tier_moves.storm),
    "F35": Fault("a customer flaps at a boundary", tier_moves.flapping),
    "F37": Fault("log full or closed, port taken", restarts.unwritable_log, ("sqlite",)),
}


@contextmanager
def installed(
    kind: str, server: URL | None, code: str, seed: int, now: Now | None = None
) -> Iterator[Installation]:
    """A new installation on this kind of database, deleted afterwards."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=f"tierbot-{code.lower()}-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = f"sqlite:///{folder / 'tierbot.db'}"
        if server is not None:
            url = postgres.text_of(stack.enter_context(postgres.new_database(server)))
        database = open_database(url)
        upgrade(database)
        database.close()
        slack = Slack(seed, now)
        stack.callback(slack.close)
        yield Installation(
            url=url, folder=folder, slack=slack, seed=seed, fresh=partial(installed, kind, server, code)
        )


def attempt(code: str, kind: str, server: URL | None, seed: int, *, quick: bool) -> tuple[float, Outcome]:
    """The seconds that a fault took, and what became of it."""
    logs.configure("critical")
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            if server is not None and FAULTS[code].crashes_server:
                server = stack.enter_context(postgres.server())
            here = stack.enter_context(installed(kind, server, code, seed))
            outcome = FAULTS[code].inject(here, quick=quick)
    except Exception as error:  # the others are tried all the same
        traceback.print_exc()
        outcome = Outcome(figures={}, broken=[f"could not be tried: {type(error).__name__}"])
    return time.monotonic() - began, outcome
