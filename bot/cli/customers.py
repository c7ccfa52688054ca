"""`customer`: prospects that are added; customers that are one customer, found and joined."""

from collections.abc import Mapping
from typing import Annotated

import typer

from bot.cli.console import (
    AsCsv,
    AsJson,
    _,
    acts,
    listed,
    named_actor,
    opened,
    print_json,
    print_records,
    say,
)
from bot.cli.output.personal import ShowPersonal, look, record_list
from bot.cli.output.recorded import print_message, request
from bot.errors import N_, BadInput, Phrase, ngettext
from bot.services import imports
from bot.services.ask import lookup, prospects
from bot.services.ask.prospects import GivenProspect, SimilarNames
from bot.wording.actions import Pointer
from db.privacy import TAX_NUMBERS


def _moved(moved: Mapping[str, int]) -> list[Phrase]:
    """What goes from one customer to the other."""
    counted = {
        "customer_order": ngettext("%(count)s order", "%(count)s orders", moved["customer_order"]),
        "invoice": ngettext("%(count)s invoice", "%(count)s invoices", moved["invoice"]),
        "activity": ngettext("%(count)s activity", "%(count)s activities", moved["activity"]),
        "complaint": ngettext("%(count)s complaint", "%(count)s complaints", moved["complaint"]),
        "survey_score": ngettext("%(count)s survey score", "%(count)s survey scores", moved["survey_score"]),
        "promise": ngettext("%(count)s promise", "%(count)s promises", moved["promise"]),
        "gift": ngettext("%(count)s gift", "%(count)s gifts", moved["gift"]),
        "fact": ngettext("%(count)s fact", "%(count)s facts", moved["fact"]),
        "contact_person": ngettext(
            "%(count)s contact person", "%(count)s contact people", moved["contact_person"]
        ),
        "trait": ngettext(
            "%(count)s value of the profile", "%(count)s values of the profile", moved["trait"]
        ),
        "customer_key": ngettext("%(count)s code", "%(count)s codes", moved["customer_key"]),
    }
    return [phrase for table, phrase in counted.items() if moved[table]]


@acts
def add_prospect(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the company.")],
    code: Annotated[
        str | None, typer.Option(metavar="CODE", help="By default P- and the next free number.")
    ] = None,
    country: Annotated[str | None, typer.Option(metavar="COUNTRY", help="Such as CN or Germany.")] = None,
    region: Annotated[str | None, typer.Option(metavar="REGION", help="As in the lists of the firm.")] = None,
    lead_source: Annotated[
        str | None, typer.Option("--met", metavar="TEXT", help="Where you know them from.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who looks after it; by default you.")
    ] = None,
    is_new: Annotated[
        bool, typer.Option("--new", help="It is none of the customers with a similar name.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a company that has not bought yet. Similar names in the book are named first, and nothing is added."""
    with opened() as bot:
        actor = named_actor(bot)
        given = GivenProspect(
            name=name, code=code, country=country, region=region, lead_source=lead_source, owner=owner
        )
        try:
            added = prospects.add_prospect(
                bot.database,
                actor,
                given,
                is_new=is_new,
                rules=bot.rules,
                settings=bot.settings,
                now=bot.clock.now(),
                request=request(),
            )
        except SimilarNames as similar:
            raise BadInput(
                N_("%(problem)s Open it, or add it all the same with %(option)s."),
                problem=similar.phrase,
                option="--new",
            ) from None
        print_message(bot, added.message, as_json)


@acts
def remove_prospect(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Code or name, written in full.")],
    as_json: AsJson = False,
) -> None:
    """Take back a prospect that was added within the last ten minutes, unless something was recorded about it."""
    with opened() as bot:
        actor = named_actor(bot)
        found = lookup.one_to_change(bot.database, actor, customer)
        taken = prospects.undo(bot.database, actor, Pointer(id=found), now=bot.clock.now(), request=request())
        print_message(bot, taken.message, as_json)


@acts
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
            actor=named_actor(bot),
            prefer=prefer,
            dry_run=dry_run,
        )
    if as_json:
        print_json(vars(report))
        return
    if report.already_one:
        say(
            _(
                "%(customer)s and %(into)s are one customer already: %(name)s.",
                customer=customer,
                into=into,
                name=report.into,
            )
        )
        return
    shown = listed(_moved(report.moved))
    if report.batch_id is None:
        say(
            _(
                "%(customer)s would be joined into %(into)s: %(shown)s.",
                customer=report.customer,
                into=report.into,
                shown=shown,
            )
        )
        return
    say(
        _(
            "%(customer)s is joined into %(into)s: %(shown)s.",
            customer=report.customer,
            into=report.into,
            shown=shown,
        ),
        _("To take it back: %(command)s", command=f"tierbot import undo {report.batch_id}"),
    )


@acts
def list_duplicates(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many, at most.")] = 50,
    personal: ShowPersonal = False,
    as_csv: AsCsv = False,
    as_json: AsJson = False,
) -> None:
    """Customers that are probably one: the same name, tax number or e-mail domain in two systems. Changes nothing."""
    with opened() as bot:
        actor = named_actor(bot)
        if personal:
            look(bot, actor, None, TAX_NUMBERS)
        found = imports.find_duplicates(bot.database, actor, limit, masked=not personal)
        record_list(bot, actor, "customer duplicates", 2 * len(found))
    if as_json:
        print_json(
            [
                {
                    **vars(pair),
                    "customer": pair.customer._asdict(),
                    "into": pair.into._asdict(),
                    "command": pair.command,
                }
                for pair in found
            ]
        )
        return
    if as_csv:
        sides = [
            {
                f"{side}_{key}": value
                for side in ("customer", "into")
                for key, value in getattr(pair, side)._asdict().items()
            }
            for pair in found
        ]
        rest = [{"reasons": pair.reasons, "command": pair.command} for pair in found]
        print_records([side | one for side, one in zip(sides, rest, strict=True)], as_csv)
        return
    if not found:
        say(_("No two customers look like one."))
        return
    for pair in found:
        names = _(
            "%(customer)s and %(into)s",
            customer=f"{pair.customer.code} {pair.customer.name}",
            into=f"{pair.into.code} {pair.into.name}",
        )
        say(f"{names}: {listed(pair.reasons)}", f"  {pair.command}")
    if len(found) == limit:
        say(
            _("There may be more than these %(limit)s: %(option)s shows them.", limit=limit, option="--limit")
        )
