"""What every listener works with."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.clock import Clock, local_date
from bot.services import access
from bot.services.access import Actor
from bot.services.care.schedule import CareRules
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.slack.gateway import Gateway
from db.engine import Database


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """The wired services, handed to each listener's `register`."""

    settings: Settings
    database: Database
    scheme_cache: SchemeCache
    rules: CareRules
    gateway: Gateway
    clock: Clock

    def actor(self, body: dict[str, Any]) -> Actor:
        """The person behind a Slack payload. Raises NotAllowed when they are not one of ours."""
        user_id = body["user_id"] if "user_id" in body else body["user"]["id"]
        return access.identify(
            self.database,
            user_id,
            directory=self.gateway.profile,
            admins=self.settings.admins,
            default_language=self.settings.language,
            default_timezone=self.settings.timezone,
        )

    def known(self, session: Session, body: dict[str, Any]) -> Actor | None:
        """The person behind a payload, without asking or writing; None for somebody seen for the first time."""
        return access.known(
            session,
            body["user_id"] if "user_id" in body else body["user"]["id"],
            admins=self.settings.admins,
            default_language=self.settings.language,
            default_timezone=self.settings.timezone,
        )

    def today(self, actor: Actor) -> date:
        """The day it is where an actor is."""
        return local_date(self.clock.now(), ZoneInfo(actor.timezone))

    def language(self, body: dict[str, Any]) -> str:
        """The language to say an error in, without asking anybody."""
        from db.book import people

        user_id = body.get("user_id") or (body.get("user") or {}).get("id") or ""
        with self.database.read() as session:
            person = people.by_slack_id(session, user_id)
        return (person.language if person else None) or self.settings.language
