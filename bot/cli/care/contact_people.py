"""`contact-person`: whom one speaks to at a customer: listed, added, changed, removed."""

import sys
from typing import Annotated, Any

import typer

from bot.cli.console import (
    AsJson,
    _,
    acts,
    in_language,
    named_actor,
    opened,
    print_json,
    print_table,
    say,
    show_personal,
)
from bot.cli.output.personal import ShowPersonal
from bot.cli.output.vocabulary import word
from bot.errors import N_, BadInput
from bot.services.ask import lookup
from bot.services.contact_people import acts as contact_acts
from bot.services.contact_people import views
from bot.services.contact_people.acts import Saved
from bot.wording.private import ContactRow
from db.book.contact_people import ContactChannel, WantedGreetings

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's code or name.")]
Number = Annotated[
    int,
    typer.Argument(metavar="NUMBER", help="As tierbot contact-person list shows it.", min=1, max=sys.maxsize),
]
Role = Annotated[str | None, typer.Option(help="What they do at the customer.")]
Channel = Annotated[
    str | None,
    typer.Option(metavar="CHANNEL", help="How they want to be reached: " + ", ".join(ContactChannel)),
]
Email = Annotated[str | None, typer.Option(metavar="EMAIL", help="Their e-mail address.")]
Phone = Annotated[str | None, typer.Option(metavar="NUMBER", help="Their telephone number.")]
Language = Annotated[str | None, typer.Option(help="In which they are greeted, as zh or German.")]
Zone = Annotated[str | None, typer.Option(help="Their time zone, as Asia/Shanghai.")]
Country = Annotated[str | None, typer.Option(help="Where they are, as CN or Germany.")]
Culture = Annotated[
    str | None, typer.Option(metavar="COUNTRY", help="Whose festivals they keep, if of another country.")
]
BirthDay = Annotated[
    str | None, typer.Option("--birthday", metavar="DAY", help="As 1985-03-08, 03-08 or 'lunar 08-15'.")
]
Greetings = Annotated[
    str | None, typer.Option(metavar="WHICH", help="On what they are greeted: " + ", ".join(WantedGreetings))
]
NoContact = Annotated[
    bool | None, typer.Option("--do-not-contact/--may-contact", help="Whether nobody is to contact them.")
]
Interests = Annotated[str | None, typer.Option(help="What they like.")]
Note = Annotated[str | None, typer.Option(help="Anything else to be known.")]


@acts
def list_people(customer: Customer, personal: ShowPersonal = False, as_json: AsJson = False) -> None:
    """The contact people of a customer."""
    with opened(create=False) as bot:
        actor = named_actor(bot)
        customer_id = lookup.one(bot.database, actor, customer)
        today = bot.today(bot.clock.now())
        found = views.rows(bot.database, actor, customer_id, today, full=personal)
    if personal:
        show_personal()  # the audit has recorded it
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    if not found:
        say(_("There are no contact people yet."))
        return
    columns = ("number", "name", "role", "channel", "telephone", "e-mail", "birthday", "greetings")
    print_table([_(_TITLES[name]) for name in columns], [_cells(one) for one in found])


@acts
def add_person(
    customer: Customer,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Their name.")],
    role: Role = None,
    channel: Channel = None,
    email: Email = None,
    phone: Phone = None,
    language: Language = None,
    zone: Zone = None,
    country: Country = None,
    culture: Culture = None,
    birthday: BirthDay = None,
    greetings: Greetings = None,
    do_not_contact: NoContact = None,
    interests: Interests = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Add a contact person to a customer."""
    given = {"name": name, "role": role, "channel": channel, "email": email, "phone": phone}
    given |= {"language": language, "zone": zone, "country": country, "culture": culture}
    given |= {"birthday": birthday, "greetings": greetings, "interests": interests, "note": note}
    with opened(create=False) as bot:
        actor = named_actor(bot)
        saved = contact_acts.add(
            bot.database,
            actor,
            lookup.one_to_change(bot.database, actor, customer),
            given,
            do_not_contact=bool(do_not_contact),
            now=bot.clock.now(),
        )
    _say_saved(saved, N_("%(name)s is a contact person of %(customer)s now, number %(number)s."), as_json)


@acts
def change_person(
    number: Number,
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    role: Role = None,
    channel: Channel = None,
    email: Email = None,
    phone: Phone = None,
    language: Language = None,
    zone: Zone = None,
    country: Country = None,
    culture: Culture = None,
    birthday: BirthDay = None,
    greetings: Greetings = None,
    do_not_contact: NoContact = None,
    interests: Interests = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Change what is known of a contact person; an empty text, as --phone '', deletes it."""
    options = {"name": name, "role": role, "channel": channel, "email": email, "phone": phone}
    options |= {"language": language, "zone": zone, "country": country, "culture": culture}
    options |= {"birthday": birthday, "greetings": greetings, "interests": interests, "note": note}
    given = {key: value for key, value in options.items() if value is not None}
    if not given and do_not_contact is None:
        raise BadInput(N_("Say what to change, as --phone or --birthday; --help shows all options."))
    with opened(create=False) as bot:
        saved = contact_acts.change(
            bot.database,
            named_actor(bot),
            number,
            given,
            do_not_contact=do_not_contact,
            now=bot.clock.now(),
        )
    _say_saved(saved, N_("%(name)s of %(customer)s is changed."), as_json)


@acts
def remove_person(number: Number) -> None:
    """Remove a contact person. A file that has them brings them back; tierbot erase contact-person does not let it."""
    with opened(create=False) as bot:
        removed = contact_acts.remove(bot.database, named_actor(bot), number)
    say(
        _(
            "%(name)s of %(customer)s is removed. A file that has them brings them back.",
            name=removed.name,
            customer=removed.customer,
        )
    )


def _say_saved(saved: Saved, sentence: str, as_json: bool) -> None:
    rule = in_language(saved.rule) if saved.rule else None
    if as_json:
        print_json({"id": saved.id, "name": saved.name, "customer": saved.customer, "birthday_rule": rule})
        return
    say(_(sentence, name=saved.name, customer=saved.customer, number=saved.id))
    if rule:
        say(rule)


def _as_json(one: ContactRow) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if name != "may_change"}


_TITLES = {
    "number": N_("number"),
    "name": N_("contact person"),
    "role": N_("role at the customer"),
    "channel": N_("preferred channel"),
    "telephone": N_("telephone"),
    "e-mail": N_("e-mail"),
    "birthday": N_("birthday"),
    "greetings": N_("greetings"),
}


def _cells(one: ContactRow) -> list[object]:
    channel = word("contact_channel", one.channel) if one.channel else None
    greetings = word("wanted_greetings", one.greetings)
    if one.do_not_contact:
        greetings = _("do not contact")
    return [one.id, one.name, one.role, channel, one.phone, one.email, _birthday(one), greetings]


def _birthday(one: ContactRow) -> str:
    if not one.calendar:
        return one.born
    words = N_("lunar leap %(day)s") if one.calendar == "lunar leap" else N_("lunar %(day)s")
    return _(words, day=one.born)
