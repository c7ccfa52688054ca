"""`gift add|list|suggest|undo`: gifts by command."""

import sys
from typing import Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    in_language,
    named_actor,
    opened,
    print_json,
    print_records,
    print_table,
    say,
    to_day,
)
from bot.cli.output.personal import record_list
from bot.cli.output.presentation import local_name
from bot.cli.output.recorded import SOURCE, Limit, OwnId, external_id, print_message, request, say_rest
from bot.cli.output.vocabulary import word
from bot.services.ask import lookup
from bot.services.care import gifts
from bot.services.care.gifts import GiftActed, NewGift, views
from bot.services.care.gifts.suggestions import Advice
from bot.services.care.gifts.views import GiftQuery, ListedGift
from bot.services.gift_rules.limits import shown
from bot.wording.actions import Pointer

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")]
To = Annotated[str | None, typer.Option(metavar="NAME", help="The contact person: name or number.")]
Occasion = Annotated[
    str | None, typer.Option(metavar="OCCASION", help="One of the rules of the firm: birthday, visit …")
]


@acts
def add_gift(
    customer: Customer,
    what: Annotated[str, typer.Option(metavar="TEXT", help="What is given.")],
    value: Annotated[str, typer.Option(metavar="AMOUNT", help="What it is worth, as 120 or 120.50.")],
    currency: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="In which currency; by default that of the rules about gifts."),
    ] = None,
    to: To = None,
    on: Annotated[str | None, typer.Option(metavar="DATE", help="When; by default today.")] = None,
    occasion: Occasion = None,
    by: Annotated[str | None, typer.Option(metavar="EMAIL", help="Who gives it; by default you.")] = None,
    reason: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Why it may be over a limit; for who may allow that."),
    ] = None,
    own_id: OwnId = None,
    as_json: AsJson = False,
) -> None:
    """Record a gift to a customer; one over a limit is refused."""
    with opened() as bot:
        actor = named_actor(bot)
        now, rules = bot.clock.now(), bot.rules
        gift = NewGift(
            what=what,
            value=views.read_amount(value),
            currency=(currency or rules.gifts.currency).strip().upper(),
            given_on=to_day(on) if on is not None else actor.today(now),
            contact_person=_whom(to),
            occasion=occasion,
            giver=by,
            reason=reason,
        )
        acted = gifts.record_gift(
            bot.database,
            actor,
            gift,
            meant=lookup.one_to_change(bot.database, actor, customer),
            source=SOURCE,
            external_id=external_id(own_id),
            rules=rules,
            settings=bot.settings,
            now=now,
        )
        _print(bot, acted, as_json)


@acts
def list_gifts(
    customer: Annotated[
        str | None, typer.Option(metavar="CUSTOMER", help="Only to this customer: code or name.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only to customers of this account manager.")
    ] = None,
    year: Annotated[int | None, typer.Option(min=1900, max=2100, help="Only of this year.")] = None,
    limit: Limit = 50,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Gifts to your customers, the newest first."""
    with opened() as bot:
        actor = named_actor(bot)
        query = GiftQuery(
            customer_id=lookup.one(bot.database, actor, customer) if customer is not None else None,
            owner=owner,
            year=year,
            most=limit,
        )
        with bot.database.read() as session:
            found = views.list_gifts(session, actor, bot.rules_in(session), query)
        record_list(bot, actor, "gift list", len({one.code for one in found.gifts}))
    if as_json or as_csv:
        print_records([_record(one) for one in found.gifts], as_csv)
        return
    if not found.gifts:
        say(_("There is no gift."))
        return
    print_table(
        [
            *(_("gift no."), _("code"), _("name"), _("day"), _("what"), _("value")),
            *(_("contact person"), _("occasion"), _("given by"), _("state")),
        ],
        [
            [
                *(one.id, one.code, one.customer, one.given_on, one.what, one.amount, one.person),
                *(one.occasion and local_name(one.occasion), one.giver, word("gift", one.state)),
            ]
            for one in found.gifts
        ],
    )
    say_rest(len(found.gifts), found.total)


@acts
def suggest_gift(
    customer: Customer, to: To = None, occasion: Occasion = None, as_json: AsJson = False
) -> None:
    """What may still be given to a customer, what was given last, and what fits."""
    with opened() as bot, bot.database.read() as session:
        actor = named_actor(bot)
        found = views.standing(
            *(session, actor, bot.rules_in(session)),
            lookup.one(bot.database, actor, customer),
            actor.today(bot.clock.now()),
            person=_whom(to),
            occasion=occasion,
        )
    if as_json:
        print_json(
            {
                "code": found.code,
                "warnings": [in_language(one) for one in found.warnings],
                "left": [in_language(one) for one in found.left],
                "last": [_record(one) for one in found.last],
                "suggested": [_advice(name, advice, found.currency) for name, advice in found.advice],
            }
        )
        return
    say(f"{found.code} {found.name}")
    say(*(f"! {in_language(one)}" for one in found.warnings))
    say(*(f"  {in_language(one)}" for one in found.left))
    for one in found.last:
        parts = (str(one.given_on), one.what, one.amount, one.person)
        say(_("  Last given: %(gift)s", gift=" · ".join(filter(None, parts))))
    for name, advice in found.advice:
        whom = _("%(name)s: ", name=name) if name else ""
        if advice.why_none is not None:
            say(f"  {whom}{in_language(advice.why_none)}")
        for each in advice.suggested:
            fits = f" · {each.interest}" if each.interest else ""
            gift = _(
                "%(name)s (%(value)s)", name=local_name(each.name), value=shown(each.units, found.currency)
            )
            say(f"  {whom}{gift}{fits}")


@acts
def undo_gift(
    number: Annotated[
        int, typer.Argument(metavar="NUMBER", help="As `gift list` shows it.", min=1, max=sys.maxsize)
    ],
    as_json: AsJson = False,
) -> None:
    """Take back a gift: within ten minutes your own, at any time if you may allow gifts."""
    with opened() as bot:
        acted = gifts.undo(
            *(bot.database, named_actor(bot), Pointer(id=number)),
            rules=bot.rules,
            now=bot.clock.now(),
            request=request(),
        )
        _print(bot, acted, as_json)


def _whom(to: str | None) -> int | str | None:
    """A contact person by number or by name."""
    return int(to) if to is not None and to.isdecimal() else to


def _print(bot: Tierbot, acted: GiftActed, as_json: bool) -> None:
    print_message(bot, acted.message, as_json, _("Gift %(number)s.", number=acted.gift_id))


def _record(one: ListedGift) -> dict[str, Any]:
    occasion = None if one.occasion is None else local_name(one.occasion)
    return vars(one) | {"value": str(one.value), "occasion": occasion}


def _advice(name: str, advice: Advice, currency: str) -> dict[str, Any]:
    return {
        "person": name or None,
        "gifts": [
            {"name": local_name(one.name), "value": shown(one.units, currency), "interest": one.interest}
            for one in advice.suggested
        ],
        "why_none": None if advice.why_none is None else in_language(advice.why_none),
    }
