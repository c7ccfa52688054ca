"""`override`, `credit`, `review`: what people decide about customers."""

from dataclasses import asdict
from decimal import Decimal
from typing import Annotated

import typer

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
    to_day,
)
from bot.cli.output.personal import ShowPersonal, look, record_list
from bot.cli.output.recorded import to_amount
from bot.cli.output.vocabulary import tier_word, word
from bot.errors import N_, Phrase, ngettext
from bot.masking import MASK
from bot.services.ask import lookup
from bot.services.grade import overrides
from bot.services.reports import credit, review

Name = Annotated[str, typer.Argument(help="The customer's code or name, written in full.")]


@acts
def set_override(
    name: Name,
    tier: Annotated[str, typer.Argument(help="The tier's id in the scheme, such as A.")],
    reason: Annotated[str, typer.Option(help="Why; shown to everybody who asks.")],
    approver: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who approved it: a person who may set this tier.")
    ] = None,
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
            lookup.one_to_change(bot.database, actor, name),
            request,
            settings=bot.settings,
            today=bot.today(now),
            now=now,
            notify=bot.notify,
        )
    held = {"customer": f"{override.code} {override.name}", "tier": tier_word(override.tier)}
    if override.expires_on:
        say(_("%(customer)s is %(tier)s until %(day)s.", day=override.expires_on, **held))
    else:
        say(_("%(customer)s is %(tier)s.", **held))


@acts
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
            lookup.one_to_change(bot.database, actor, name),
            reason=reason,
            today=bot.today(now),
            now=now,
            notify=bot.notify,
        )
    say(
        _(
            "The override of %(customer)s to %(tier)s has ended.",
            customer=f"{override.code} {override.name}",
            tier=tier_word(override.tier),
        )
    )


@acts
def list_overrides(
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """The overrides that hold, those that end first on top."""
    with opened() as bot:
        actor = named_actor(bot)
        found = overrides.list_overrides(bot.database, actor, ended=everything)
        record_list(bot, actor, "override list", len(found))
    if as_json or as_csv:
        print_records([vars(override) for override in found], as_csv)
        return
    if not found:
        say(_("There are no overrides."))
        return
    rows = [
        [
            override.code,
            override.name,
            tier_word(override.tier),
            override.expires_on,
            override.reason,
            _("%(name)s, of their own decision", name=override.approver)
            if override.approved_alone
            else override.approver,
            override.set_by,
            override.ended_at and f"{override.ended_at:%Y-%m-%d} {override.ended_by}",
        ]
        for override in found
    ]
    print_table(
        [_("code"), _("name"), _("tier"), _("until"), _("reason"), _("approver"), _("set by"), _("ended")],
        rows,
    )


@acts
def show_credit(name: Name, personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """The newest credit grade with the terms and limit it proposes, what is owed, and what was approved."""
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        found = credit.show(bot.database, bot.scheme_cache, actor, customer, today=bot.today())
        if personal:
            look(bot, actor, customer, credit.MASKED)
    _print_credit(found if personal else credit.masked(found), as_json)


@acts
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
        request = credit.ApprovalRequest(limit=to_amount(limit), terms_days=terms, reason=reason)
        customer = lookup.one_to_change(bot.database, actor, name)
        found = credit.approve(
            bot.database, bot.scheme_cache, actor, customer, request, today=bot.today(now), now=now
        )
    _print_credit(credit.masked(found, decided=1), as_json)


def _print_credit(found: credit.Credit, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
        return
    money = found.currency or ""
    score = "" if found.score is None else f" ({found.score:g})"
    say(
        _(
            "%(customer)s: %(grade)s, as of %(day)s by %(scheme)s version %(version)s.",
            customer=f"{found.code} {found.name}",
            grade=f"{tier_word(found.grade)}{score}",
            day=found.assessed_on,
            scheme=found.scheme,
            version=found.scheme_version,
        )
    )
    if not found.valid:
        say(_("It counted until %(day)s; nothing can be approved by it.", day=found.valid_until))
    if found.capped_by:
        say(_("Capped by %(gate)s.", gate=found.capped_by))
    if found.z_zone:
        say(_("Altman's Z'': %(zone)s.", zone=word("zone", found.z_zone)))
    if found.terms_days is None:
        say(_("Proposed: nothing; this grade has no terms."))
    elif found.limit is None and "limit" not in found.masked:
        say(
            _(
                "Proposed: terms of %(days)s; no limit, for lack of %(lacking)s.",
                days=_days(found.terms_days),
                lacking=listed(map(_fact, found.lacking)),
            )
        )
    else:
        limit, days = f"{_limit(found, found.limit)} {money}".rstrip(), _days(found.terms_days)
        say(_("Proposed: %(limit)s, terms of %(days)s.", limit=limit, days=days))
        if found.behaviour_only:
            say(_("By behaviour only: there is no net worth of the last 18 months."))
    say(
        _(
            "Owed today: %(owed)s, of it past due %(overdue)s.",
            owed=f"{number(found.exposure, ',.2f')} {money}".rstrip(),
            overdue=number(found.overdue, ",.2f"),
        )
    )
    if not found.approved:
        say(_("Nothing is approved yet."))
        return
    say(_("Approved, newest first:"))
    rows = [
        [
            approval.approved_on,
            approval.approved_by,
            _limit(found, approval.limit),
            approval.terms_days,
            _limit(found, approval.proposed_limit),
            approval.proposed_terms,
            f"{tier_word(approval.grade)} {approval.assessed_on}",
            approval.reason,
        ]
        for approval in found.approved
    ]
    print_table(
        [_("day"), _("by"), _("limit"), _("days"), _("proposed"), _("days"), _("grade"), _("reason")], rows
    )


def _limit(found: credit.Credit, amount: Decimal | None) -> str:
    return MASK if found.masked and amount is None else number(amount, ",.2f")


def _days(count: int) -> Phrase:
    return ngettext("%(count)s day", "%(count)s days", count)


def _fact(name: str) -> str:
    """What a proposal lacks, in words."""
    lacking = {
        "avg_monthly_purchases": N_("average monthly purchases"),
        "net_worth": N_("net worth"),
    }
    return _(lacking[name]) if name in lacking else name


@acts
def list_reviews(
    reason: Annotated[
        str | None,
        typer.Option(help="Only one of no_scheme, unrated, uncertain, capped, override, stale, shadow."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, at most.")] = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Customers that no scheme applies to, tiers that are unrated, uncertain, capped or set by hand until soon, and judgements that grow old."""
    with opened() as bot:
        actor = named_actor(bot)
        found = review.list_items(
            bot.database, bot.scheme_cache, actor, today=bot.today(), limit=limit, reason=reason
        )
        record_list(bot, actor, "review list", len(found))
    if as_json or as_csv:
        print_records([vars(item) for item in found], as_csv)
        return
    if not found:
        say(_("There is nothing to review."))
        return
    rows = [
        [
            item.code,
            item.name,
            word("review", item.reason),
            item.item if item.reason in ("capped", "stale", "shadow") else "",
            item.tier and tier_word(item.tier),
            number(item.score, "g"),
            None if item.low is None or item.high is None else f"{item.low:.1f}–{item.high:.1f}",
            item.due_on,
            number(item.stake, ",.0f"),
        ]
        for item in found
    ]
    print_table(
        [
            _("code"),
            _("name"),
            _("reason"),
            _("what"),
            _("tier"),
            _("score"),
            _("between"),
            _("date"),
            _("net revenue, 12 months"),
        ],
        rows,
    )
    if len(found) == limit:
        say(
            _("There may be more than these %(limit)s: %(option)s shows them.", limit=limit, option="--limit")
        )


@acts
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
            lookup.one_to_change(bot.database, actor, name),
            reason,
            note=note,
            today=bot.today(now),
            now=now,
        )
    say(
        _(
            "%(customer)s: answered, hidden for now: %(reasons)s.",
            customer=f"{found[0].code} {found[0].name}",
            reasons=listed(word("review", item.reason) for item in found),
        )
    )
