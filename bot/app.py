"""The composition root: wires the product from its settings. Nothing is created at import."""

import random
import secrets
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from bot.clock import Clock, SystemClock, local_date
from bot.errors import N_, NotReady
from bot.services import access, alerts
from bot.services.care.plan import load_plan
from bot.services.care.schedule import CareRules
from bot.services.grade.runs import Notify
from bot.services.ops.connection import ConnectionWatch
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings, unusable_database
from bot.wording.rendering import Renderer
from db import backup, schema
from db.engine import Database, Unusable, open_database

if TYPE_CHECKING:  # a command that sends nothing to Slack does not load its client
    from bot.slack.dependencies import Dependencies
    from bot.slack.gateway import Gateway


@dataclass(frozen=True, kw_only=True)
class Tierbot:
    """The wired product. `stopping` is set when the process is about to end."""

    settings: Settings
    database: Database
    scheme_cache: SchemeCache
    rules: CareRules
    renderer: Renderer
    to_slack: Callable[[], "Gateway"]
    clock: Clock
    notify: Notify
    rng: random.Random
    boot_id: str
    connection: ConnectionWatch
    stopping: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def gateway(self) -> "Gateway":
        return self.to_slack()

    @property
    def deps(self) -> "Dependencies":
        from bot.slack.dependencies import Dependencies

        return Dependencies(
            settings=self.settings,
            database=self.database,
            scheme_cache=self.scheme_cache,
            rules=self.rules,
            renderer=self.renderer,
            gateway=self.gateway,
            identify=partial(
                access.identify, self.database, settings=self.settings, profile_of=self.gateway.profile
            ),
            clock=self.clock,
            connection=self.connection,
        )

    def today(self, now: datetime | None = None) -> date:
        """The firm's date at an instant, by default now."""
        return local_date(now or self.clock.now(), self.settings.zone)

    def close(self) -> None:
        self.database.close()


def build(settings: Settings, *, clock: Clock | None = None) -> Tierbot:
    """Wire everything up, connecting to nothing yet. Raises BadInput for a wrong care plan, NotReady for a wrong URL."""
    scheme_cache, renderer = SchemeCache(), Renderer(settings.templates_dir)
    try:
        database = open_database(settings.url)
    except Unusable as error:
        raise unusable_database(settings.url, str(error)) from None
    clock, boot_id = clock or SystemClock(), secrets.token_hex(8)
    plan, remind_at = load_plan(settings.care_plan), time.fromisoformat(settings.remind_at)
    return Tierbot(
        settings=settings,
        database=database,
        scheme_cache=scheme_cache,
        rules=CareRules(plan=plan, zone=settings.zone, remind_at=remind_at),
        renderer=renderer,
        to_slack=partial(_gateway, settings, renderer),
        clock=clock,
        notify=partial(
            alerts.enqueue_alerts,
            scheme_cache=scheme_cache,
            default_channel=settings.alert_channel,
            language=settings.language,
        ),
        rng=random.Random(secrets.randbits(64)),
        boot_id=boot_id,
        connection=ConnectionWatch(boot_id, clock),
    )


def _gateway(settings: Settings, renderer: Renderer) -> "Gateway":
    from bot.slack.gateway import Gateway, web_client

    return Gateway(web_client(settings), web_client(settings, reading=True), renderer)


def upgrade_schema(database: Database) -> Path | None:
    """Bring the schema up to date. The backup of a SQLite database that this changed; None without one.

    Raises NotReady for a database of a newer version, and when the backup cannot be written: nothing is changed then.
    """
    backups: list[Path] = []

    def back_up(revision: str) -> None:
        if database.is_sqlite:
            backups.append(backup.write_beside(database.file, f"before-{schema.HEAD}"))

    try:
        schema.upgrade(database, before=back_up)
    except schema.NewerSchema as newer:
        raise NotReady(
            N_(
                "The database is at revision %(found)s, which this version of Tierbot does not know: a newer version"
                " has upgraded it. Install that version again, or restore the backup from before its upgrade."
            ),
            found=newer.found,
        ) from None
    except (OSError, sqlite3.Error) as error:
        raise NotReady(
            N_(
                "The database was not upgraded, because its backup cannot be written next to %(file)s: %(reason)s."
                " Make room there and try again."
            ),
            file=database.file,
            reason=getattr(error, "strerror", None) or error,
        ) from None
    return backups[0] if backups else None


def create_if_empty(database: Database) -> bool:
    """Create the tables in a database that has none; whether that was done. Any other database is left as it is."""
    if not schema.is_empty(database):
        return False
    schema.upgrade(database)
    return True


def require_schema(database: Database) -> None:
    """Raise NotReady, with the remedy, unless the database has this code's revision."""
    try:
        schema.check(database)
    except schema.SchemaMismatch as mismatch:
        raise NotReady(
            N_(
                "The database is at revision %(found)s, this version of Tierbot needs %(wanted)s."
                " Run: tierbot db upgrade (or install the version that fits)."
            ),
            found=mismatch.found or "none",
            wanted=mismatch.wanted,
        ) from None
