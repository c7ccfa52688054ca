"""`survey list|add|undo`: scores of satisfaction surveys by command."""

import sys
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
from bot.cli.output.presentation import local_name
from bot.cli.output.recorded import SOURCE, Limit, OwnId, external_id, print_message, request, say_rest
from bot.errors import N_, BadInput
from bot.services.ask import lookup
from bot.services.care import surveys
from bot.services.care.surveys import RecordedScore, SurveyAnswer, views
from bot.services.care.surveys.views import ListedScore, ScoreQuery


@acts
def list_scores(
    customer: Annotated[
        str | None, typer.Option(metavar="CUSTOMER", help="Only of this customer: code or name.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only of customers of this account manager.")
    ] = None,
    low: Annotated[bool, typer.Option("--low", help="Only low ones that are to be followed up.")] = False,
    limit: Limit = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Scores of satisfaction surveys, and what each counts as in the grading; the newest on top."""
    with opened() as bot:
        actor = named_actor(bot)
        query = ScoreQuery(
            customer_id=lookup.one(bot.database, actor, customer) if customer is not None else None,
            owner=owner,
            low=low,
            most=limit,
        )
        with bot.database.read() as session:
            found = views.list_scores(session, actor, bot.rules.surveys, query)
        record_list(bot, actor, "survey list", len({one.code for one in found.scores}))
    if as_json or as_csv:
        print_records([_record(one) for one in found.scores], as_csv)
        return
    if not found.scores:
        say(_("There is no survey score."))
        return
    print_table(
        [
            *(_("number"), _("code"), _("name"), _("answered on"), _("score"), _("scale"), _("counts as")),
            *(_("follow up by"), _("answered by"), _("recorded by")),
        ],
        [
            [
                *(one.id, one.code, one.customer, one.answered_on, one.score, local_name(one.names)),
                *(one.value, one.follow_up_until, one.answered_by, one.recorded_by),
            ]
            for one in found.scores
        ],
    )
    say_rest(len(found.scores), found.total)


@acts
def add_score(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")],
    score: Annotated[str, typer.Argument(metavar="SCORE", help="The number that the customer gave.")],
    scale: Annotated[str, typer.Option(metavar="SCALE", help="Its scale: 1-5, 1-10, nps, percent …")],
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="When it was answered; by default today.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="The contact person of the customer who answered.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What was said.")] = None,
    own_id: OwnId = None,
    as_json: AsJson = False,
) -> None:
    """Record the score of a satisfaction survey; the next grading counts it."""
    with opened() as bot:
        actor = named_actor(bot)
        meant = lookup.one_to_change(bot.database, actor, customer)
        answer = SurveyAnswer(
            score=score,
            scale=scale,
            answered_on=to_day(on) if on is not None else None,
            contact_person_id=_contact(bot, meant, by) if by is not None else None,
            note=note,
        )
        recorded = surveys.record_score(
            bot.database,
            actor,
            answer,
            meant=meant,
            source=SOURCE,
            external_id=external_id(own_id),
            rules=bot.rules,
            now=bot.clock.now(),
        )
        _print(bot, recorded, as_json)


@acts
def undo_score(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="As `survey list` shows it.", min=1, max=sys.maxsize)
    ],
    as_json: AsJson = False,
) -> None:
    """Take back a score: it counts no more, and its follow-up is superseded."""
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            pointer = views.pointer(session, actor, number)
        recorded = surveys.undo(
            bot.database, actor, pointer, rules=bot.rules, now=bot.clock.now(), request=request()
        )
        _print(bot, recorded, as_json)


def _contact(bot: Tierbot, customer_id: int, name: str) -> int:
    """The contact person of this name. Raises BadInput with those that there are."""
    with bot.database.read() as session:
        there = views.people_to_choose(session, customer_id)
    same = [number for number, known in there if known.casefold() == name.strip().casefold()]
    if len(same) != 1:
        raise BadInput(
            N_("%(name)s is not the name of one contact person of this customer; there are: %(known)s."),
            name=name,
            known=", ".join(known for _number, known in there) or "–",
        )
    return same[0]


def _print(bot: Tierbot, recorded: RecordedScore, as_json: bool) -> None:
    print_message(bot, recorded.message, as_json, _("Survey score %(number)s.", number=recorded.score_id))


def _record(one: ListedScore) -> dict[str, Any]:
    return vars(one) | {"names": local_name(one.names)}
