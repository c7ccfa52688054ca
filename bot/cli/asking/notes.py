"""`note list|search|change|take-back`: what was logged about customers, by command."""

import sys
from typing import Annotated

import typer

from bot.cli.console import AsJson, acts, named_actor, opened, print_json, say, to_day
from bot.cli.output.presentation import as_text, message_json
from bot.cli.output.recorded import print_message, request
from bot.services.ask import lookup, notes
from bot.services.ask.notes.changes import pointer_of
from bot.wording.message_base import Message

Number = Annotated[
    int,
    typer.Argument(
        metavar="NUMBER", help="As `note list --json` shows it: activity_id.", min=1, max=sys.maxsize
    ),
]


@acts
def list_notes(
    name: Annotated[str, typer.Argument(help="Code, name or pinyin, written in full.")],
    start: Annotated[int, typer.Option("--from", help="The place of the first one.", min=0)] = 0,
    limit: Annotated[int, typer.Option(help="How many, at most.", min=1, max=1_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """What was written about a customer, the newest first."""
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        with bot.database.read() as session:
            found: Message = notes.notes(session, bot.scheme_cache, actor, customer, start, limit)
        if as_json:
            print_json(message_json(found))
        else:
            say(as_text(bot.renderer.slots(found, bot.settings.language, mentions=False)))


@acts
def search_notes(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="All of them must occur.")],
    limit: Annotated[int, typer.Option(help="How many, at most.", min=1, max=1_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """The notes in which words occur, the newest first."""
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            found = notes.search(session, actor, " ".join(words), limit)
        if as_json:
            print_json(message_json(found))
        else:
            say(as_text(bot.renderer.slots(found, bot.settings.language, mentions=False)))


@acts
def change_note(
    number: Number,
    text: Annotated[str | None, typer.Option(help="What was said; an empty text leaves none.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="visit, call, meeting, training, review, survey or other.")
    ] = None,
    day: Annotated[str | None, typer.Option(metavar="DAY", help="When it was.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change the text, kind or day of a contact that was logged; what is not given stays."""
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            pointer = pointer_of(session, number)
            present = notes.to_change(session, actor, pointer)
        saved = notes.change(
            bot.database,
            actor,
            pointer,
            kind=kind or present.kind,
            happened_on=to_day(day) if day else present.day,
            note=present.note if text is None else text,
            rules=bot.rules,
            now=bot.clock.now(),
            request=request(),
        )
        print_message(bot, saved, as_json)


@acts
def take_back_note(number: Number, as_json: AsJson = False) -> None:
    """Delete a contact that was logged; the care steps that it fulfilled are owed again."""
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            pointer = pointer_of(session, number)
        saved = notes.take_back(
            bot.database, actor, pointer, rules=bot.rules, now=bot.clock.now(), request=request()
        )
        print_message(bot, saved, as_json)
