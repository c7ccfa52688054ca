"""What every listener works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.clock import Clock
from bot.services.access import Actor
from bot.services.ask.bounds import Bounds
from bot.services.ask.questions.known_words import VocabularyCache
from bot.services.care.schedule import CareRules
from bot.services.ops.connection import ConnectionWatch
from bot.services.schemes.store import SchemeCache
from bot.settings import Settings
from bot.slack.gateway import Gateway
from bot.slack.pressed.homes import Homes
from bot.slack.tables import Tables
from bot.wording.rendering import Renderer
from db.engine import Database

if TYPE_CHECKING:
    from bot.services.ask.questions.answering import QuestionSources


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """The wired services, handed to each listener's `register`."""

    settings: Settings
    database: Database
    scheme_cache: SchemeCache
    rules_in: Callable[[Session], CareRules]
    renderer: Renderer
    gateway: Gateway
    identify: Callable[[str], Actor]  # of a Slack user; raises NotAllowed
    clock: Clock
    connection: ConnectionWatch
    bounds: Bounds
    homes: Homes = field(default_factory=Homes)
    tables: Tables = field(default_factory=Tables)
    words: VocabularyCache = field(default_factory=VocabularyCache)

    @property
    def rules(self) -> CareRules:
        """The care plans in force now and the settings of care, read outside of any transaction."""
        with self.database.read() as session:
            return self.rules_in(session)

    def question_sources(self) -> "QuestionSources":
        """What questions are answered from, at this moment."""
        from bot.services.ask.questions.answering import QuestionSources  # not for a card

        return QuestionSources(
            database=self.database,
            scheme_cache=self.scheme_cache,
            rules_in=self.rules_in,
            words=self.words,
            settings=self.settings,
            now=self.clock.now(),
        )
