"""The composition root: wires the product from its settings. Nothing is created at import."""

import random
import secrets
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlmodel import Session

from bot.clock import Clock, SystemClock, local_date
from bot.errors import N_, NotReady
from bot.services import alerts, identity
from bot.services.care.plan_file import load_all
from bot.services.care.plan_versions.in_force import PlanCache
from bot.services.care.schedule import CareRules
from bot.services.care.working_people import FirmTime
from bot.services.complaint_kinds import load_kinds
from bot.services.gift_rules.rules import load_rules
from bot.services.grade.runs import Notify
from bot.services.ops.addresses import why_unusable
from bot.services.ops.connection import ConnectionWatch
from bot.services.ops.revisions import other_revision
from bot.services.schemes.store import SchemeCache
from bot.services.survey_scales import load_scales
from bot.services.traits.fields import load_fields
from bot.settings import Settings
from bot.wording.rendering import Renderer
from db import backup, schema
from db.address import secrets_of, without_secrets
from db.engine import Database, Unusable, open_database

if TYPE_CHECKING:  # a command that sends nothing to Slack does not load its client
    from bot.services.ask.bounds import Bounds
    from bot.services.ask.questions.vocabulary_cache import VocabularyCache
    from bot.slack.dependencies import Dependencies
    from bot.slack.gateway import Gateway
    from bot.slack.layout.tables import Tables


@dataclass(frozen=True, kw_only=True)
class Tierbot:
    """The wired product. `stopping` is set when the process is about to end."""

    settings: Settings
    database: Database
    scheme_cache: SchemeCache
    plan_cache: PlanCache = field(default_factory=PlanCache)
    load_rules: Callable[[], CareRules]
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

    @cached_property
    def bounds(self) -> "Bounds":
        from bot.services.ask.bounds import Bounds

        return Bounds(self.database, self.settings, self.clock)

    @cached_property
    def tables(self) -> "Tables":
        from bot.slack.layout.tables import Tables

        return Tables()

    @cached_property
    def words(self) -> "VocabularyCache":
        from bot.services.ask.questions.vocabulary_cache import VocabularyCache

        return VocabularyCache()

    @cached_property
    def file_rules(self) -> CareRules:
        """The care plans of files and the settings of care, read at their first use. Raises BadInput for a wrong plan."""
        return self.load_rules()

    @property
    def rules(self) -> CareRules:
        """The care plans in force today and the settings of care; an approved plan counts without a restart."""
        with self.database.read() as session:
            return self.rules_in(session)

    def rules_in(self, session: Session) -> CareRules:
        """The same, read in a session that is open. A second connection while holding one could wait for ever."""
        return self.plan_cache.rules(session, self.file_rules, self.today())

    @property
    def deps(self) -> "Dependencies":
        from bot.slack.dependencies import Dependencies

        return Dependencies(
            settings=self.settings,
            database=self.database,
            scheme_cache=self.scheme_cache,
            rules_in=self.rules_in,
            renderer=self.renderer,
            gateway=self.gateway,
            identify=lambda slack_user_id: identity.identify(
                self.database, slack_user_id, self.settings, self.gateway.users, self.clock.now()
            ),
            clock=self.clock,
            connection=self.connection,
            bounds=self.bounds,
            tables=self.tables,
            words=self.words,
        )

    def today(self, now: datetime | None = None) -> date:
        """The firm's date at an instant, by default now."""
        return local_date(now or self.clock.now(), self.settings.zone)

    def close(self) -> None:
        if "bounds" in vars(self):
            self.bounds.close()
        self.database.close()


def build(settings: Settings, *, clock: Clock | None = None) -> Tierbot:
    """Wire everything up, connecting to nothing and reading no care plan yet. Raises NotReady for a wrong URL."""
    scheme_cache, renderer = SchemeCache(), Renderer(settings.templates_dir)
    try:
        database = replace(open_database(settings.url), before_write=_refuse_other_schema)
    except Unusable as error:
        raise unusable_database(settings.url, why_unusable(error)) from None
    clock, boot_id = clock or SystemClock(), secrets.token_hex(8)
    return Tierbot(
        settings=settings,
        database=database,
        scheme_cache=scheme_cache,
        load_rules=partial(_care_rules, settings),
        renderer=renderer,
        to_slack=partial(_gateway, settings, renderer),
        clock=clock,
        notify=partial(
            alerts.enqueue_alerts,
            scheme_cache=scheme_cache,
            default_channel=settings.alert_channel,
            language=settings.language,
            admins=settings.admins,
        ),
        rng=random.Random(secrets.randbits(64)),
        boot_id=boot_id,
        connection=ConnectionWatch(boot_id, clock),
    )


def _care_rules(settings: Settings) -> CareRules:
    return CareRules(
        plans=load_all(settings.care_plan),
        zone=settings.zone,
        remind_at=time.fromisoformat(settings.remind_at),
        firm=FirmTime.of(settings),
        complaints=load_kinds(settings.complaints),
        gifts=load_rules(settings.gifts),
        currency=settings.currency,
        surveys=load_scales(settings.surveys),
        trait_file=_readable(settings.customer_profile),
    )


def _readable(path: Path | None) -> Path | None:
    """The firm's file of profile fields, which is refused at the start and not when somebody asks. Raises SeveralProblems.

    The shipped file is read when it is needed: that takes as long as the rest of a command.
    """
    if path is not None:
        load_fields(path)
    return path


def _gateway(settings: Settings, renderer: Renderer) -> "Gateway":
    from bot.slack.gateway import Gateway, web_client

    return Gateway(web_client(settings), web_client(settings, reading=True), renderer)


def secrets_in(settings: Settings) -> tuple[str, ...]:
    """The tokens, the signing secrets and the passwords of the database, as the log must not show them."""
    tokens = (settings.slack_bot_token, settings.slack_app_token)
    held = (one.get_secret_value() for one in tokens if one is not None)
    return (*held, *settings.signing_secrets, *secrets_of(settings.url))


def unusable_database(url: str, reason: str) -> NotReady:
    """The error to raise for a database that cannot be used."""
    if any(word in reason for word in ("malformed", "not a database")):
        msgid = N_(
            "The database %(url)s is damaged, or it is none: %(reason)s. Check TIERBOT_DATABASE_URL; if it is right, stop"
            " every process and restore the newest backup: tierbot db restore FILE"
        )
    elif "disk is full" in reason or "No space left" in reason:
        msgid = N_(
            "There is no room for the database %(url)s or its temporary files: %(reason)s. Make room on its disk and in"
            " the folder for temporary files, and try again."
        )
    else:
        msgid = N_(
            "The database %(url)s cannot be used: %(reason)s. Check TIERBOT_DATABASE_URL and the disk."
        )
    return NotReady(msgid, url=without_secrets(url), reason=reason)


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
        raise other_revision(newer) from None
    except backup.Damaged as damage:
        raise NotReady(
            N_(
                "The database was not upgraded, because it is damaged: %(damage)s. Stop every process and restore the"
                " newest backup: tierbot db restore FILE"
            ),
            damage=damage,
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
        raise other_revision(mismatch) from None


def _refuse_other_schema(connection: Connection) -> None:
    """Raise NotReady in a writing transaction: another version may have changed the tables since the start."""
    try:
        schema.check_writing(connection)
    except schema.SchemaMismatch as mismatch:
        raise other_revision(mismatch) from None
