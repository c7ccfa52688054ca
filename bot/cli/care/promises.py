"""`promise list|add|kept|postpone|withdraw|undo`: promises by command."""

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    named_actor,
    opened,
    print_records,
    print_table,
    say,
    to_day,
)
from bot.cli.output.personal import record_list
from bot.cli.output.recorded import SOURCE, Limit, OwnId, external_id, print_message, request, say_rest
from bot.cli.output.vocabulary import word
from bot.services.ask import lookup
from bot.services.care import promises
from bot.services.care.promises import Given, PromiseAct, listing
from bot.services.care.promises.listing import PromiseQuery

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", help="As `promise list` shows it.", min=1, max=sys.maxsize)
]


@acts
def list_promises(
    customer: Annotated[
        str | None, typer.Option(metavar="CUSTOMER", help="Only to this customer: code or name.")
    ] = None,
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only those that this person has to keep.")
    ] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those whose day is past.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Kept and withdrawn ones too.")] = False,
    limit: Limit = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Open promises: what was promised to whom, by when, and who has to keep it; the earliest day on top."""
    with opened() as bot:
        actor = named_actor(bot)
        query = PromiseQuery(
            customer_id=lookup.one(bot.database, actor, customer) if customer is not None else None,
            whose=person,
            is_open=None if everything else True,
            overdue=overdue,
            most=limit,
        )
        with bot.database.read() as session:
            found = listing.list_promises(session, actor, query, bot.today())
        record_list(bot, actor, "promise list", len({one.code for one in found.promises}))
    if as_json or as_csv:
        print_records([vars(one) for one in found.promises], as_csv)
        return
    if not found.promises:
        say(_("No promise is open.") if not everything else _("There is no promise."))
        return
    print_table(
        [
            *(_("promise"), _("code"), _("name"), _("what was promised"), _("by when")),
            *(_("days over"), _("to be kept by"), _("postponed"), _("state")),
        ],
        [
            [
                *(one.id, one.code, one.customer, one.what, one.due_on),
                *(one.days_over or None, one.whose, one.postponed or None, word("promise", one.state)),
            ]
            for one in found.promises
        ],
    )
    say_rest(len(found.promises), found.total)


@acts
def add_promise(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")],
    what: Annotated[str, typer.Option(metavar="TEXT", help="What is promised.")],
    by: Annotated[str, typer.Option(metavar="DATE", help="By when.")],
    own_id: OwnId = None,
    as_json: AsJson = False,
) -> None:
    """Record a promise to a customer; you are reminded of it from the day before on."""
    with opened() as bot:
        actor = named_actor(bot)
        acted = promises.record_promise(
            bot.database,
            actor,
            Given(what=what, due_on=to_day(by)),
            meant=lookup.one_to_change(bot.database, actor, customer),
            source=SOURCE,
            external_id=external_id(own_id),
            rules=bot.rules,
            now=bot.clock.now(),
        )
        _print(bot, acted, as_json)


@acts
def keep_promise(
    number: Number,
    on: Annotated[str | None, typer.Option(metavar="DATE", help="When; by default today.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record that a promise was kept."""
    _act(number, as_json, promises.keep, kept_on=to_day(on) if on is not None else None)


@acts
def postpone_promise(
    number: Number,
    to: Annotated[str, typer.Option(metavar="DATE", help="The new day.")],
    told: Annotated[str, typer.Option(metavar="TEXT", help="What the customer was told.")],
    as_json: AsJson = False,
) -> None:
    """Give a promise a later day, with what the customer was told."""
    _act(number, as_json, promises.postpone, due_on=to_day(to), told=told)


@acts
def withdraw_promise(
    number: Number,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why it holds no more.")],
    as_json: AsJson = False,
) -> None:
    """Withdraw a promise, with the reason."""
    _act(number, as_json, promises.withdraw, reason=reason)


@acts
def undo_promise(number: Number, as_json: AsJson = False) -> None:
    """Take back what you did last about a promise within the last ten minutes."""
    _act(number, as_json, promises.undo)


def _act(number: int, as_json: bool, how: Callable[..., PromiseAct], **asked: Any) -> None:
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            pointer = listing.pointer(session, actor, number)
        acted = how(bot.database, actor, pointer, now=bot.clock.now(), request=request(), **asked)
        _print(bot, acted, as_json)


def _print(bot: Tierbot, acted: PromiseAct, as_json: bool) -> None:
    print_message(bot, acted.message, as_json, _("Promise %(number)s.", number=acted.promise_id))
