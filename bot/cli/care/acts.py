"""`care done`, `care snooze`, `care skip`, `care reassign`, `care undo`: what people do with a step, by command."""

from collections.abc import Callable
from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import AsJson, _, acts, named_actor, opened, to_day
from bot.cli.output.recorded import print_message, request
from bot.errors import N_, BadInput, NotFound
from bot.services.access import Actor
from bot.services.ask import lookup
from bot.services.care import answers
from bot.services.care.answers import Answered, steps
from bot.wording.actions import Pointer

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")]
Step = Annotated[str, typer.Argument(metavar="STEP", help="The id of the step, as `care explain` shows it.")]


@acts
def finish(
    customer: Customer,
    step: Step,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="KIND", help="What it was: visit, call … By default what the step asks for."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record today's contact that fulfils a step of a customer; its clock restarts from it."""
    _answer(customer, step, as_json, answers.finish, choice=kind)


@acts
def snooze(
    customer: Customer,
    step: Step,
    days: Annotated[int | None, typer.Option(min=1, max=60, help="For so many days.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Until a day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a step of a customer again later; who is told of overdue steps is told all the same."""
    if (days is None) == (until is None):
        raise BadInput(N_("Give either --days or --until."))
    _answer(customer, step, as_json, answers.snooze, until=days if until is None else to_day(until))


@acts
def skip(
    customer: Customer,
    step: Step,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    as_json: AsJson = False,
) -> None:
    """Leave a step of a customer out for this time; the next one comes as if it had been done today."""
    _answer(customer, step, as_json, answers.skip, reason=reason)


@acts
def reassign(
    customer: Customer,
    step: Step,
    to: Annotated[str, typer.Argument(metavar="EMAIL", help="Who does it this time.")],
    as_json: AsJson = False,
) -> None:
    """Give a step of a customer to another person, who may see the customer until it is closed."""
    _answer(customer, step, as_json, answers.reassign, to=to)


@acts
def undo(customer: Customer, step: Step, as_json: AsJson = False) -> None:
    """Take back what you did to a step of a customer within the last ten minutes."""
    _answer(customer, step, as_json, answers.undo, is_open=False)


def _answer(
    name: str,
    step: str,
    as_json: bool,
    how: Callable[..., Answered],
    *,
    is_open: bool = True,
    choice: str | None = None,
    **asked: object,
) -> None:
    """Answer the step of a customer that is due first, and print what has become of it."""
    with opened() as bot:
        actor = named_actor(bot)
        pointer = _pointer(bot, actor, name, step, is_open=is_open)
        if how is answers.reassign:
            asked["settings"] = bot.settings
        answered = how(
            bot.database,
            actor,
            Pointer(id=pointer.id, version=pointer.version, choice=choice),
            rules=bot.rules,
            now=bot.clock.now(),
            request=request(),
            **asked,
        )
        print_message(bot, answered.closed, as_json)


def _pointer(bot: Tierbot, actor: Actor, name: str, step: str, *, is_open: bool) -> Pointer:
    """What a button of the step would point at. Raises NotFound with the steps that there are."""
    customer = lookup.one_to_change(bot.database, actor, name)
    with bot.database.read() as session:
        found = steps.pointers(session, customer, is_open=is_open)
    if step not in found:
        known = ", ".join(sorted(found)) or _("none")
        msgid = (
            N_("%(name)s has no open step %(step)s. Open: %(known)s.")
            if is_open
            else N_("Nothing was done to step %(step)s of %(name)s that can be taken back: %(known)s.")
        )
        raise NotFound(msgid, name=name, step=step, known=known)
    return found[step]
