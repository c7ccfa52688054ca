"""`ask`: a question in words, answered as in Slack."""

import sys
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import AsJson, acts, named_actor, opened, print_json, say
from bot.cli.output.presentation import as_text, message_json
from bot.errors import N_, BadInput, NotFound
from bot.services.access import Actor
from bot.services.ask.questions import answering
from bot.services.ask.questions.answering import QuestionSources
from bot.services.ask.questions.known_words import VocabularyCache
from bot.services.ask.questions.query import Personal, Query
from bot.services.ask.questions.unclear import Unclear
from bot.wording.message_base import Message
from bot.wording.messages import NoMatch
from bot.wording.questions import NotUnderstood

IN_SLACK = N_("The link to a calendar is made with: tierbot care calendar")


@acts
def ask(
    words: Annotated[list[str], typer.Argument(help="The question: a customer, a list, a comparison …")],
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was understood, and answer nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A question in words, English or Chinese, answered as in Slack: tierbot ask "A customers in DACH"."""
    text = " ".join(words)
    with opened() as bot:
        actor = named_actor(bot)
        sources = QuestionSources(
            database=bot.database,
            scheme_cache=bot.scheme_cache,
            rules_in=bot.rules_in,
            words=VocabularyCache(),
            settings=bot.settings,
            now=bot.clock.now(),
        )
        message = _explained(sources, actor, text, as_json) if explain else _answered(sources, actor, text)
        if message is None:
            return
        if as_json:
            print_json(message_json(message))
        else:
            _say(bot, message)
    if isinstance(message, NoMatch | NotUnderstood):
        sys.exit(NotFound.exit_code if isinstance(message, NoMatch) else BadInput.exit_code)


def _answered(sources: QuestionSources, actor: Actor, text: str) -> Message:
    with sources.database.read() as session:
        found = answering.asked(sources, session, actor, text)
    if isinstance(found, Message):
        return found
    if found is Personal.CALENDAR:
        raise BadInput(IN_SLACK)
    return answering.answer(sources, actor, found)


def _explained(sources: QuestionSources, actor: Actor, text: str, as_json: bool) -> Message | None:
    """Print what a text is understood as; the message for one that is asked back."""
    with sources.database.read() as session:
        query = answering.query_of(sources, session, actor, text)
        understood = None
        if isinstance(query, Unclear):
            return answering.asked_back(sources, session, actor, query)
        understood = answering.heading(sources, session, actor, query)
    if as_json:
        print_json({"understood": understood, "kind": type(query).__name__, "query": _plain(query)})
    else:
        say(understood)
    return None


def _plain(query: Query) -> Any:
    return asdict(query) if is_dataclass(query) else str(query)


def _say(bot: Tierbot, message: Message) -> None:
    say(as_text(bot.renderer.slots(message, bot.settings.language, mentions=False)))
