"""`ask`: a question in words, answered as in Slack. `tier`, `why`, `brief`, `history`: what is known of one customer."""

import sys
from dataclasses import asdict, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    listed,
    named_actor,
    number,
    opened,
    print_json,
    print_records,
    print_table,
    say,
    show_personal,
    to_day,
)
from bot.cli.output.personal import ShowPersonal, in_full, record_list
from bot.cli.output.presentation import as_text, card_json, message_json, why_json
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import N_, BadInput, NotFound
from bot.services.access import Act, Actor
from bot.services.ask import brief, explanation, history, lookup
from bot.services.ask.brief import evening, pack
from bot.services.ask.graded import graded_for
from bot.services.ask.questions.query import Query
from bot.services.ask.questions.unclear import Unclear
from bot.services.files import write_bytes
from bot.wording.actions import Pointer
from bot.wording.answers.questions import NotUnderstood
from bot.wording.message_base import Message
from bot.wording.messages import NoMatch, TierCard

if TYPE_CHECKING:
    from bot.services.ask.questions.answering import QuestionSources


class OnOff(StrEnum):
    """Whether something comes."""

    ON = "on"
    OFF = "off"


Name = Annotated[str, typer.Argument(help="Code, name or pinyin, written in full.")]


@acts
def ask(
    words: Annotated[list[str], typer.Argument(help="The question: a customer, a list, a comparison …")],
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what was understood, and answer nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """A question in words, English or Chinese, answered as in Slack: tierbot ask "A customers in DACH"."""
    from bot.services.ask.questions.answering import QuestionSources  # lists and comparisons: not for a card

    text = " ".join(words)
    with opened() as bot:
        actor = named_actor(bot)
        sources = QuestionSources(
            database=bot.database,
            scheme_cache=bot.scheme_cache,
            rules_in=bot.rules_in,
            words=bot.words,
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


def _answered(sources: "QuestionSources", actor: Actor, text: str) -> Message:
    from bot.services.ask.questions import answering

    with sources.database.read() as session:
        found = answering.asked(sources, session, actor, text)
    if isinstance(found, Message):
        return found
    return answering.answer(sources, actor, found)


def _explained(sources: "QuestionSources", actor: Actor, text: str, as_json: bool) -> Message | None:
    """Print what a text is understood as; the message for one that is asked back."""
    from bot.services.ask.questions import answering

    with sources.database.read() as session:
        query = answering.query_of(sources, session, actor, text)
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


@acts
def tier(name: Name, personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """What /tier NAME would answer an admin."""
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            message = lookup.answer(
                session, bot.scheme_cache, bot.rules_in(session), actor, name, bot.today()
            )
        customer = getattr(message, "customer_id", None)
        full = in_full(bot, actor, customer) if personal and customer is not None else None
        if not as_json:
            _say(bot, message, *filter(None, [full]))
        elif isinstance(message, TierCard):
            with bot.database.read() as session:
                _, graded = graded_for(session, bot.scheme_cache, actor, Act.SEE, message.customer_id)
            print_json(card_json(message, graded, full))
        else:
            print_json(message_json(message))
    if isinstance(message, NoMatch):
        sys.exit(NotFound.exit_code)


@acts
def why(
    name: Name,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Compare with what stood on this day.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="What single figures would have to be for the tier above.")
    ] = False,
    personal: ShowPersonal = False,
    as_json: AsJson = False,
) -> None:
    """What changed a customer's score, what its tier waits for, and what would lift it."""
    with opened() as bot:
        actor = named_actor(bot)
        day, today = to_day(since) if since else None, bot.today()
        if day is not None and day > today:
            raise BadInput(
                N_("--since %(day)s lies in the future; today is %(today)s."), day=day, today=today
            )
        customer = Pointer(id=lookup.one(bot.database, actor, name))
        full = in_full(bot, actor, customer.id) if personal else None
        if exact and not as_json:
            figures = explanation.exact_figures(bot.database, bot.scheme_cache, actor, customer)
            _say(bot, figures, *filter(None, [full]))
            return
        explained = explanation.why(bot.database, bot.scheme_cache, actor, customer, today, day)
        if as_json:
            print_json(why_json(explained, full))
        else:
            _say(bot, explained.message, *filter(None, [full]))


@acts
def show_brief(name: Name, personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """What is to be known before a visit to an account, or of a prospect, on one page."""
    with opened() as bot:
        actor, today = named_actor(bot), bot.today()
        customer = lookup.one(bot.database, actor, name)
        page: Message
        if personal:
            page = brief.in_full(bot.database, bot.scheme_cache, bot.rules, actor, customer, today)
            show_personal()
        else:
            with bot.database.read() as session:
                rules = bot.rules_in(session)
                page = brief.brief(session, bot.scheme_cache, rules, actor, customer, today)
        if as_json:
            print_json(message_json(page))
        else:
            _say(bot, page)


@acts
def switch_briefs(
    switch: Annotated[OnOff, typer.Argument(help="Whether the briefs come.")],
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="For whom; without it, for the person of --as.")
    ] = None,
) -> None:
    """Get the brief of a planned visit in the evening of the working day before it, or no more."""
    with opened() as bot:
        actor = named_actor(bot)
        if person is None and not actor.person_id:
            raise BadInput(N_("Say for whom: --person EMAIL."))
        name = evening.want(
            bot.database, actor, person, switch is OnOff.ON, settings=bot.settings, now=bot.clock.now()
        )
    if switch is OnOff.ON:
        say(_("%(name)s gets the briefs of planned visits in the evening before.", name=name))
    else:
        say(_("%(name)s gets no briefs in the evening.", name=name))


@acts
def write_pack(
    name: Annotated[str, typer.Argument(help="Code, name or pinyin, written in full.")],
    quarter: Annotated[str, typer.Option(metavar="QUARTER", help="As 2026Q3.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .xlsx file to write.")],
) -> None:
    """Write the review of a customer's quarter: tiers, orders, service, contacts, complaints, promises, surveys, what next."""
    wanted = pack.Quarter.read(quarter)
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        content = pack.review_pack(
            bot.database,
            bot.scheme_cache,
            bot.rules,
            actor,
            customer,
            wanted,
            language=bot.settings.language,
            today=bot.today(),
            now=bot.clock.now(),
        )
        record_list(bot, actor, "report review-pack", 1)
        write_bytes(output, content)
    say(_("%(file)s holds the review of %(quarter)s.", file=output, quarter=str(wanted)))


@acts
def show_history(name: Name, as_csv: AsCsv = False, as_json: AsJson = False) -> None:
    """A customer's tiers and scores, grading by grading."""
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        entries = history.history(bot.database, bot.scheme_cache, actor, customer)
    if as_json or as_csv:
        print_records([vars(entry) for entry in entries], as_csv)
        return
    if not entries:
        say(_("Nothing was graded yet of this customer."))
        return
    rows = []
    for entry in entries:
        notes = {
            _("as %(code)s", code=entry.joined): entry.joined,
            _("held: data missing"): entry.held,
            _("capped by %(gate)s", gate=entry.capped_by): entry.capped_by,
            _("set by hand"): entry.overridden,
        }
        shown = listed(note for note, holds in notes.items() if holds)
        scheme = f"{entry.scheme} {entry.version}" if entry.scheme else _("no scheme applies")
        score, change = number(entry.score, "g"), number(entry.change, "+.1f")
        rows.append(
            [entry.as_of, word("run", entry.kind), tier_word(entry.tier), score, change, shown, scheme]
        )
    print_table([_("as of"), _("grading"), _("tier"), _("score"), _("change"), "", _("scheme")], rows)


def _say(bot: Tierbot, *messages: Message) -> None:
    """Print messages as text, one below the other."""
    texts = (as_text(bot.renderer.slots(one, bot.settings.language, mentions=False)) for one in messages)
    say("\n\n".join(texts))
