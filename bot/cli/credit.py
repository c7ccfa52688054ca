"""`credit`: proposed and approved limits."""

from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import AsJson, opened, out, print_json, table, whoami
from bot.clock import local_date
from bot.errors import N_, BadInput

if TYPE_CHECKING:
    from bot.app import Tierbot
    from bot.services.access import Actor
    from bot.services.reports.credit import Credit

commands = typer.Typer(no_args_is_help=True, help="Credit grades, proposed limits and their approval.")
Name = Annotated[str, typer.Argument(help="The customer's code or name.")]


@commands.command("show")
def show_credit(name: Name, as_json: AsJson = False) -> None:
    """The newest credit grade with the terms and limit it proposes, what is owed, and what was approved."""
    from bot.services.ask import lookup
    from bot.services.reports import credit

    with opened() as bot:
        actor = _actor(bot)
        customer = lookup.one(bot.database, actor, name)
        today = local_date(bot.clock.now(), bot.settings.zone)
        found = credit.show(bot.database, bot.scheme_cache, actor, customer, today=today)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)


@commands.command("approve")
def approve_credit(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why; kept with the approval.")],
    limit: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="The limit; without it, the proposed one.")
    ] = None,
    terms: Annotated[
        int | None, typer.Option(metavar="DAYS", help="Payment terms; without it, the proposed ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve terms and a limit, as you; what held before stays on record."""
    from bot.services.ask import lookup
    from bot.services.reports import credit

    with opened() as bot:
        actor, now = _actor(bot), bot.clock.now()
        wish = credit.ApprovalRequest(limit=_amount(limit), terms_days=terms, reason=reason)
        customer = lookup.one(bot.database, actor, name)
        today = local_date(now, bot.settings.zone)
        found = credit.approve(bot.database, bot.scheme_cache, actor, customer, wish, today=today, now=now)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found)


def _print(found: "Credit") -> None:
    money = found.currency or ""
    score = "" if found.score is None else f", score {found.score:g}"
    lines = [
        f"{found.code} {found.name}: {found.grade}{score}, as of {found.assessed_on}"
        f" by {found.scheme} version {found.scheme_version}."
    ]
    if not found.valid:
        lines.append(f"It counted until {found.valid_until}; nothing can be approved by it.")
    if found.capped_by:
        lines.append(f"Capped by {found.capped_by}.")
    if found.z_zone:
        lines.append(f"Altman Z'': {found.z_zone}.")
    if found.terms_days is None:
        lines.append("Proposed: nothing; this grade has no terms.")
    elif found.limit is None:
        lines.append(
            f"Proposed: {found.terms_days} days; no limit, for lack of {' and '.join(found.lacking)}."
        )
    else:
        note = " (behaviour only: no net worth of the last 18 months)" if found.behaviour_only else ""
        lines.append(f"Proposed: {found.limit:,.2f} {money}, {found.terms_days} days{note}.")
    lines.append(f"Owed today: {found.exposure:,.2f} {money}, of it past due {found.overdue:,.2f}.")
    lines.append("Approved: nothing yet." if not found.approved else "Approved, newest first:")
    for line in lines:
        out.print(line, markup=False)
    if not found.approved:
        return
    rows = [
        [
            str(one.approved_on),
            one.approved_by,
            f"{one.limit:,.2f}",
            str(one.terms_days),
            "" if one.proposed_limit is None else f"{one.proposed_limit:,.2f}",
            "" if one.proposed_terms is None else str(one.proposed_terms),
            f"{one.grade} {one.assessed_on}",
            one.reason,
        ]
        for one in found.approved
    ]
    out.print(table(["day", "by", "limit", "days", "proposed", "days", "grade", "reason"], rows))


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise BadInput(N_("%(text)s is not an amount. Write it as 250000."), text=text) from None


def _actor(bot: "Tierbot") -> "Actor":
    from bot.cli import presentation

    return replace(presentation.console_actor(bot.settings), name=whoami())
