"""`customer-profile`: what is known of a customer besides figures: shown, set, removed, and customers found by it."""

from typing import Annotated, Any

import typer

from bot.cli.console import (
    AsJson,
    _,
    acts,
    listed,
    named_actor,
    opened,
    print_json,
    print_table,
    say,
    show_personal,
    to_day,
)
from bot.cli.output.personal import ShowPersonal, record_list
from bot.cli.output.presentation import local_name
from bot.cli.output.recorded import Limit, say_rest
from bot.cli.output.vocabulary import word
from bot.errors import N_, BadInput
from bot.masking import MASK
from bot.services.ask import lookup
from bot.services.traits import acts as profile_acts
from bot.services.traits import search, views
from bot.services.traits.acts import SavedProfile
from bot.services.traits.fields import TraitField, TraitFields
from bot.services.traits.values import split
from bot.services.traits.views import StoredTrait
from db.book import traits

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's code or name.")]
Field = Annotated[str, typer.Argument(metavar="FIELD", help="As tierbot customer-profile fields shows it.")]


@acts
def show_profile(
    customer: Customer,
    history: Annotated[bool, typer.Option("--history", help="Also the values that count no more.")] = False,
    personal: ShowPersonal = False,
    as_json: AsJson = False,
) -> None:
    """What is known of a customer, each value with its day, source and author."""
    with opened(create=False) as bot:
        actor = named_actor(bot)
        customer_id = lookup.one(bot.database, actor, customer)
        found = views.stored(
            bot.database, actor, customer_id, bot.rules.traits, full=personal, with_history=history
        )
    if personal:
        show_personal()  # the audit has recorded it
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    if not found:
        say(_("Nothing has been recorded yet."))
        return
    columns = [_("field"), _("value"), _("as of"), _("source"), _("author")]
    print_table(
        [*columns, *([_("state")] if history else [])],
        [
            [*_cells(one), *([_("counts") if one.counts else _("history")] if history else [])]
            for one in found
        ],
    )


@acts
def set_values(
    customer: Customer,
    field: Field,
    values: Annotated[
        list[str], typer.Argument(metavar="VALUE...", help="All values that the field has from then on.")
    ],
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DAY", help="The day of which it is true; without it, today."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is known of a customer; earlier values of the field stay as history."""
    with opened(create=False) as bot:
        actor, fields = named_actor(bot), bot.rules.traits
        known = fields.require(field)
        given = [part for value in values for part in split(known, value)]
        if not given:
            raise BadInput(N_("The value is empty. To remove one: tierbot customer-profile remove"))
        saved = profile_acts.save(
            bot.database,
            actor,
            lookup.one_to_change(bot.database, actor, customer),
            fields,
            {known.id: given},
            as_of=to_day(on) if on else None,
            now=bot.clock.now(),
        )
    _say_saved(saved, known, as_json)


@acts
def remove_values(
    customer: Customer,
    field: Field,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[VALUE...]", help="Which; without it, all of the field.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove values of a field; they stay as history."""
    with opened(create=False) as bot:
        actor, fields = named_actor(bot), bot.rules.traits
        customer_id = lookup.one_to_change(bot.database, actor, customer)
        saved = profile_acts.remove(
            bot.database, actor, customer_id, fields, field, values or (), now=bot.clock.now()
        )
    _say_saved(saved, fields.find(field), as_json)


@acts
def list_customers(
    what: Annotated[
        str, typer.Argument(metavar="FIELD[=VALUE]", help="A field and its value; without one, any value.")
    ],
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """The customers that have something in their customer profile."""
    with opened(create=False) as bot:
        actor, fields = named_actor(bot), bot.rules.traits
        wanted = search.wanted(fields, what)
        with bot.database.read() as session:
            found = search.find(session, actor, fields, wanted, limit)
        record_list(bot, actor, "customer-profile list", len(found.customers))
    if as_json:
        print_json(
            [
                {"code": one.code, "customer": one.name, "values": [local_name(name) for name in one.values]}
                for one in found.customers
            ]
        )
        return
    if not found.customers:
        say(_("No customer of yours has this."))
        return
    print_table(
        [_("code"), _("name"), local_name(fields.name(wanted.field))],
        [[one.code, one.name, listed(map(local_name, one.values))] for one in found.customers],
    )
    say_rest(len(found.customers), found.total)


@acts
def list_fields(as_json: AsJson = False) -> None:
    """The fields of customer profiles, and the values of those that offer a choice."""
    with opened(create=False) as bot:
        named_actor(bot)
        fields: TraitFields = bot.rules.traits
    if as_json:
        print_json([field.model_dump(mode="json") for field in fields.fields])
        return
    print_table(
        [_("field"), _("name"), _("kind"), _("values"), _("of"), _("how it is shown")],
        [
            [
                field.id,
                local_name(field.name),
                _field_kind(field),
                listed(value.id for value in field.values) if field.values else None,
                word("trait_of", field.of or "both"),
                _("masked") if field.personal else _("on the card") if field.card else None,
            ]
            for field in fields.fields
        ],
    )


def _field_kind(field: TraitField) -> str:
    kind = word("trait_type", field.type)
    return _("%(kind)s, several", kind=kind) if field.several else kind


def _say_saved(saved: SavedProfile, field: TraitField | None, as_json: bool) -> None:
    if as_json:
        print_json({"customer": saved.code, "set": saved.set, "removed": saved.removed, "past": saved.past})
        return
    name = local_name(field.name) if field is not None else ", ".join((*saved.set, *saved.removed))
    sentence = N_("%(field)s of %(customer)s is set.")
    if saved.removed:
        sentence = N_("%(field)s of %(customer)s is removed; it stays as history.")
    elif saved.past:
        sentence = N_("%(field)s of %(customer)s is kept as history, because a later day is known.")
    elif saved.moment is None:
        sentence = N_("Nothing has changed: %(field)s of %(customer)s was so already.")
    say(_(sentence, field=name, customer=saved.name))


def _cells(one: StoredTrait) -> list[object]:
    value = MASK if one.value_name is None else local_name(one.value_name)
    source = _("entered by hand") if one.source == traits.BY_HAND else one.source
    return [local_name(one.field_name), value, one.as_of, source, one.author]


def _as_json(one: StoredTrait) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if name not in ("field_name", "value_name")}
