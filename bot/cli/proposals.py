"""`proposal`, `override propose`, `credit propose`: what somebody asks for and somebody else decides about."""

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
from bot.cli.decisions import Name
from bot.cli.output.personal import record_list
from bot.cli.output.recorded import print_message, request, to_amount
from bot.cli.output.vocabulary import tier_word, word
from bot.services import proposals
from bot.services.ask import lookup
from bot.services.grade import regrades
from bot.services.proposals import ProposalAct, Wanted, WantedCredit, WantedTier
from bot.services.proposals.waiting import rows_for
from bot.wording.actions import Pointer
from bot.wording.ask.proposals import ProposalRow

Number = Annotated[
    int, typer.Argument(metavar="NUMBER", help="As `proposal list` shows it.", min=1, max=sys.maxsize)
]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Why; those who decide read it.")]


@acts
def propose_override(
    name: Name,
    tier: Annotated[str, typer.Argument(help="The tier's id in the scheme, such as A.")],
    reason: Why,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="The last day it holds.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a tier in place of the computed one: somebody with the right decides about it."""
    wanted = WantedTier(tier=tier, reason=reason, until=to_day(until) if until else None)
    _propose(name, wanted, as_json)


@acts
def propose_credit(
    name: Name,
    reason: Why,
    limit: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="The limit; without it, the assessment's.")
    ] = None,
    terms: Annotated[
        int | None, typer.Option(metavar="DAYS", help="Payment terms; without it, the assessment's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a credit limit and terms: somebody of finance decides about it."""
    wanted = WantedCredit(limit=to_amount(limit), terms_days=terms, reason=reason)
    _propose(name, wanted, as_json)


@acts
def list_proposals(
    everything: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """The proposals that wait for a decision, the oldest on top."""
    with opened() as bot:
        actor = named_actor(bot)
        with bot.database.read() as session:
            found = rows_for(session, bot.scheme_cache, actor, bot.settings, ended=everything)
        record_list(bot, actor, "proposal list", len({row.code for row in found}))
    if as_json or as_csv:
        print_records(list(map(_record, found)), as_csv)
        return
    if not found:
        say(_("No proposal waits.") if not everything else _("There is no proposal."))
        return
    print_table(
        [
            *(_("proposal"), _("code"), _("name"), _("tier"), _("limit"), _("days"), _("until")),
            *(_("reason"), _("proposed by"), _("on"), _("state"), _("decided by")),
        ],
        [
            [
                *(row.proposal_id, row.code, row.name, row.tier and tier_word(row.tier.id)),
                *(row.limit, row.terms, row.until, row.reason, row.by.name, row.asked_on),
                *(word("proposal", row.state), row.decided_by and row.decided_by.name),
            ]
            for row in found
        ],
    )


@acts
def show_proposal(number: Number, as_json: AsJson = False) -> None:
    """One proposal: what is asked for, why, and what was decided."""
    with opened() as bot:
        actor = named_actor(bot)
        found = proposals.current(
            bot.database, bot.scheme_cache, actor, Pointer(id=number), settings=bot.settings
        )
        print_message(bot, found.message, as_json)


@acts
def approve_proposal(
    number: Number,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="What there is to say about it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put in force what is proposed, as you; not what you proposed yourself."""
    _act(number, as_json, proposals.approve, answer=reason)


@acts
def decline_proposal(
    number: Number,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; told to the person who proposed it.")],
    as_json: AsJson = False,
) -> None:
    """Decide against a proposal, with the reason."""
    _act(number, as_json, proposals.decline, answer=reason)


@acts
def withdraw_proposal(
    number: Number,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take back your own proposal while it waits."""
    _act(number, as_json, proposals.withdraw, answer=reason)


def _propose(name: str, wanted: Wanted, as_json: bool) -> None:
    with opened() as bot:
        actor = named_actor(bot)
        acted = proposals.propose(
            bot.database,
            bot.scheme_cache,
            actor,
            wanted,
            meant=lookup.one_to_change(bot.database, actor, name),
            settings=bot.settings,
            now=bot.clock.now(),
            request=request(),
        )
        _print(bot, acted, as_json)


def _act(number: int, as_json: bool, how: Callable[..., ProposalAct], **asked: Any) -> None:
    with opened() as bot:
        actor, now = named_actor(bot), bot.clock.now()
        acted = how(
            bot.database,
            bot.scheme_cache,
            actor,
            Pointer(id=number),
            settings=bot.settings,
            now=now,
            request=request(),
            **asked,
        )
        # Here no worker need be running that grades again what an approval has changed.
        regrades.regrade_marked(
            bot.database, bot.scheme_cache, today=bot.today(now), now=now, notify=bot.notify
        )
        _print(bot, acted, as_json)


def _print(bot: Tierbot, acted: ProposalAct, as_json: bool) -> None:
    print_message(bot, acted.message, as_json, _("Proposal %(number)s.", number=acted.proposal_id))


def _record(row: ProposalRow) -> dict[str, Any]:
    return {
        "proposal": row.proposal_id,
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "tier": row.tier and row.tier.id,
        "until": row.until,
        "limit": row.limit,
        "terms": row.terms,
        "reason": row.reason,
        "proposed_by": row.by.name,
        "asked_on": row.asked_on,
        "last_day": row.last_day,
        "state": row.state,
        "decided_by": row.decided_by and row.decided_by.name,
        "answer": row.answer,
        "alone": row.alone,
    }
