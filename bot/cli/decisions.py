"""`override`, `credit`, `review`, `customer`: what people decide about customers."""

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from bot.cli.console import AsJson, named_actor, number, opened, print_json, print_table, say, to_day, whoami
from bot.errors import N_, BadInput
from bot.services import imports
from bot.services.ask import lookup
from bot.services.grade import overrides
from bot.services.reports import credit, review

Name = Annotated[str, typer.Argument(help="The customer's code or name.")]


def set_override(
    name: Name,
    tier: Annotated[str, typer.Argument(help="The tier's id in the scheme, such as A.")],
    reason: Annotated[str, typer.Option(help="Why; shown to everybody who asks.")],
    approver: Annotated[str | None, typer.Option(help="Who approved it.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="The last day it holds.")] = None,
) -> None:
    """Put a tier in place of the computed one, from today on. The change is told like any other."""
    with opened() as bot:
        request = overrides.OverrideRequest(
            tier=tier, reason=reason, approver=approver, expires_on=to_day(until) if until else None
        )
        now, actor = bot.clock.now(), named_actor(bot)
        override = overrides.set_override(
            bot.database,
            bot.scheme_cache,
            actor,
            lookup.one(bot.database, actor, name),
            request,
            today=bot.today(now),
            now=now,
            notify=bot.notify,
        )
    end = f" until {override.expires_on}" if override.expires_on else ""
    say(f"{override.code} {override.name} is {override.tier}{end}.")


def end_override(
    name: Name, reason: Annotated[str, typer.Option(help="Why it ends before its time.")] = ""
) -> None:
    """Let the computed tier take its place again."""
    with opened() as bot:
        now, actor = bot.clock.now(), named_actor(bot)
        override = overrides.end_override(
            bot.database,
            bot.scheme_cache,
            actor,
            lookup.one(bot.database, actor, name),
            reason=reason,
            today=bot.today(now),
            now=now,
            notify=bot.notify,
        )
    say(f"The override of {override.code} {override.name} to {override.tier} has ended.")


def list_overrides(
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """The overrides that hold, those that end first on top."""
    with opened() as bot:
        found = overrides.list_overrides(bot.database, named_actor(bot), ended=everything)
    if as_json:
        print_json([vars(override) for override in found])
        return
    if not found:
        say("There are no overrides.")
        return
    rows = [
        [
            override.code,
            override.name,
            override.tier,
            override.expires_on,
            override.reason,
            override.approver,
            override.set_by,
            override.ended_at and f"{override.ended_at:%Y-%m-%d} {override.ended_by}",
        ]
        for override in found
    ]
    print_table(["code", "name", "tier", "until", "reason", "approver", "set by", "ended"], rows)


def show_credit(name: Name, as_json: AsJson = False) -> None:
    """The newest credit grade with the terms and limit it proposes, what is owed, and what was approved."""
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        found = credit.show(bot.database, bot.scheme_cache, actor, customer, today=bot.today())
    _print_credit(found, as_json)


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
    with opened() as bot:
        actor, now = named_actor(bot), bot.clock.now()
        request = credit.ApprovalRequest(limit=_amount(limit), terms_days=terms, reason=reason)
        customer = lookup.one(bot.database, actor, name)
        found = credit.approve(
            bot.database, bot.scheme_cache, actor, customer, request, today=bot.today(now), now=now
        )
    _print_credit(found, as_json)


def _print_credit(found: credit.Credit, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
        return
    money = found.currency or ""
    score = "" if found.score is None else f", score {found.score:g}"
    say(
        f"{found.code} {found.name}: {found.grade}{score}, as of {found.assessed_on}"
        f" by {found.scheme} version {found.scheme_version}."
    )
    if not found.valid:
        say(f"It counted until {found.valid_until}; nothing can be approved by it.")
    if found.capped_by:
        say(f"Capped by {found.capped_by}.")
    if found.z_zone:
        say(f"Altman Z'': {found.z_zone}.")
    if found.terms_days is None:
        say("Proposed: nothing; this grade has no terms.")
    elif found.limit is None:
        say(f"Proposed: {found.terms_days} days; no limit, for lack of {' and '.join(found.lacking)}.")
    else:
        note = " (behaviour only: no net worth of the last 18 months)" if found.behaviour_only else ""
        say(f"Proposed: {found.limit:,.2f} {money}, {found.terms_days} days{note}.")
    say(f"Owed today: {found.exposure:,.2f} {money}, of it past due {found.overdue:,.2f}.")
    if not found.approved:
        say("Approved: nothing yet.")
        return
    say("Approved, newest first:")
    rows = [
        [
            approval.approved_on,
            approval.approved_by,
            number(approval.limit, ",.2f"),
            approval.terms_days,
            number(approval.proposed_limit, ",.2f"),
            approval.proposed_terms,
            f"{approval.grade} {approval.assessed_on}",
            approval.reason,
        ]
        for approval in found.approved
    ]
    print_table(["day", "by", "limit", "days", "proposed", "days", "grade", "reason"], rows)


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise BadInput(N_("%(text)s is not an amount. Write it as 250000."), text=text) from None


def list_reviews(
    reason: Annotated[
        str | None,
        typer.Option(help="Only one of no_scheme, unrated, uncertain, capped, override, stale, shadow."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Customers that no scheme applies to, tiers that are unrated, uncertain, capped or set by hand until soon, and judgements that grow old."""
    with opened() as bot:
        found = review.list_items(
            bot.database, bot.scheme_cache, named_actor(bot), today=bot.today(), limit=limit, reason=reason
        )
    if as_json:
        print_json([vars(item) for item in found])
        return
    if not found:
        say("There is nothing to review.")
        return
    rows = [
        [
            item.code,
            item.name,
            item.reason,
            item.item if item.reason in ("capped", "stale", "shadow") else "",
            item.tier,
            number(item.score, "g"),
            None if item.low is None or item.high is None else f"{item.low:.1f} to {item.high:.1f}",
            item.due_on,
            f"{item.stake:,.0f}",
        ]
        for item in found
    ]
    print_table(
        ["code", "name", "reason", "what", "tier", "score", "between", "date", "net revenue, 12 months"], rows
    )
    if len(found) == limit:
        say(f"There may be more than these {limit}: --limit shows them.")


def answer_review(
    name: Name,
    reason: Annotated[
        str, typer.Argument(help="no_scheme, unrated, uncertain, capped, override, stale or shadow.")
    ],
    note: Annotated[str, typer.Option(help="What was found or decided.")],
) -> None:
    """Put down that you have looked: hidden until it changes, for 90 days at most."""
    with opened() as bot:
        now, actor = bot.clock.now(), named_actor(bot)
        found = review.answer(
            bot.database,
            bot.scheme_cache,
            actor,
            lookup.one(bot.database, actor, name),
            reason,
            note=note,
            today=bot.today(now),
            now=now,
        )
    say(f"{found[0].code} {found[0].name}: {len(found)} answered as {reason}.")


_MOVED = {  # table -> one of its rows, several
    "customer_order": ("order", "orders"),
    "invoice": ("invoice", "invoices"),
    "activity": ("activity", "activities"),
    "fact": ("fact", "facts"),
    "customer_key": ("code", "codes"),
}


def join_customers(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The one that is joined: SOURCE:CODE.")],
    into: Annotated[str, typer.Argument(metavar="INTO", help="The one that stays.")],
    prefer: Annotated[
        str | None,
        typer.Option(metavar="customer|into", help="Whose word holds where the two say something different."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only show what would happen.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say that two customers are one: the first one's orders, codes and names go to the second.

    A code without its source will do where only one customer has it. tierbot import undo takes a join back.
    """
    with opened() as bot:
        report = imports.join_customers(
            bot.database,
            customer,
            into,
            clock=bot.clock,
            actor=whoami(),
            prefer=prefer,
            dry_run=dry_run,
        )
    if as_json:
        print_json(vars(report))
        return
    if report.already_one:
        say(f"{customer} and {into} are one customer already: {report.into}.")
        return
    counts = [(report.moved[name], *words) for name, words in _MOVED.items() if report.moved[name]]
    shown = ", ".join(f"{number:,} {one if number == 1 else several}" for number, one, several in counts)
    if report.batch_id is None:
        say(f"{report.customer} would be joined into {report.into}: {shown}.")
        return
    say(
        f"{report.customer} is joined into {report.into}: {shown}.",
        f"To take it back: tierbot import undo {report.batch_id}",
    )


def list_duplicates(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Customers that are probably one: the same name, tax number or e-mail domain in two systems. Changes nothing."""
    with opened() as bot:
        found = imports.find_duplicates(bot.database, limit)
    if as_json:
        print_json(
            [
                {
                    "customer": pair.customer._asdict(),
                    "into": pair.into._asdict(),
                    "reasons": pair.reasons,
                    "command": pair.command,
                }
                for pair in found
            ]
        )
        return
    if not found:
        say("No two customers look like one.")
        return
    for pair in found:
        names = f"{pair.customer.code} {pair.customer.name} and {pair.into.code} {pair.into.name}"
        say(f"{names}: {', '.join(pair.reasons)}", f"  {pair.command}")
    if len(found) == limit:
        say(f"There may be more than these {limit}: --limit shows them.")
