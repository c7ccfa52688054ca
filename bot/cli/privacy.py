"""`erase` and `export`: what is kept about a customer, a person or a contact person, deleted or written out."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.app import Tierbot
from bot.cli.console import _, acts, named_actor, opened, print_json, say, show_personal
from bot.cli.output import erasures
from bot.errors import N_, BadInput, ngettext
from bot.services import access
from bot.services.access import Act
from bot.services.files import write_whole
from bot.services.privacy import erasure, export, marks, subjects
from bot.services.privacy.erasure import Find
from db import rewriting
from db.rewriting import Rewritten

Code = Annotated[str, typer.Argument(metavar="CODE", help="The customer's code, or SOURCE:CODE.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]
Number = Annotated[
    int,
    typer.Argument(metavar="NUMBER", help="As tierbot contact-person list shows it.", min=1, max=sys.maxsize),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="A new file, instead of the terminal.")
]


@acts
def erase_customer(code: Code, yes: Yes = False) -> None:
    """Delete everything that is kept about a customer, and let no import bring it back. Shows it first, and asks."""
    with opened(create=False) as bot:
        _erase(bot, partial(subjects.customer_named, text=code), yes)


@acts
def erase_person(email: Email, yes: Yes = False) -> None:
    """Delete what is kept about a person; what they decided stays, by a former colleague. Shows it first, and asks."""
    with opened(create=False) as bot:
        if email.strip().lower() in bot.settings.admins:
            raise BadInput(
                N_("%(email)s is an admin by TIERBOT_ADMINS. Remove the address there first."), email=email
            )
        _erase(bot, partial(subjects.person, email=email), yes)


@acts
def erase_contact_person(number: Number, yes: Yes = False) -> None:
    """Delete what is kept about a contact person, and let no import bring them back. Shows it first, and asks."""
    with opened(create=False) as bot:
        _erase(bot, partial(subjects.contact_person, contact_person_id=number), yes)


@acts
def erase_again(yes: Yes = False) -> None:
    """Erase again whoever a restored backup brought back, and end an erasure that could not be finished."""
    with opened(create=False) as bot:
        access.require(named_actor(bot), Act.ERASE)
        marks.add(bot.database, marks.load(bot.settings.data_dir))
        if not erasures.erase_returned(bot, yes):
            say(_("Nobody who was erased is in the book."))
        marks.save(bot.database, bot.settings.data_dir)
        ended = rewriting.finish(bot.database)
        if ended is not Rewritten.NOT_NEEDED:
            say(_(erasures.ENDS[ended]))


@acts
def export_customer(code: Code, output: Output = None) -> None:
    """Write everything that is kept about a customer as JSON."""
    with opened(create=False) as bot:
        _export(bot, partial(subjects.customer_named, text=code), output)


@acts
def export_person(email: Email, output: Output = None) -> None:
    """Write everything that is kept about a person as JSON."""
    with opened(create=False) as bot:
        _export(bot, partial(subjects.person, email=email), output)


@acts
def export_contact_person(number: Number, output: Output = None) -> None:
    """Write everything that is kept about a contact person as JSON."""
    with opened(create=False) as bot:
        _export(bot, partial(subjects.contact_person, contact_person_id=number), output)


def _erase(bot: Tierbot, find: Find, yes: bool) -> None:
    kept = erasure.preview(
        bot.database, named_actor(bot), find, erasures.wording(), data_dir=bot.settings.data_dir
    )
    erasures.show(kept)
    if not yes:
        typed = typer.prompt(_("This cannot be undone. To go on, type %(code)s", code=kept.identity.code))
        if typed.strip() != kept.identity.code:
            raise BadInput(N_("Nothing was erased: %(typed)s is not what was asked for."), typed=repr(typed))
    erasures.say_done(erasures.erase(bot, find))


def _export(bot: Tierbot, find: Find, output: Path | None) -> None:
    if output is not None and output.exists():
        raise BadInput(N_("%(file)s exists already. Name a file that does not."), file=output)
    found = export.export(
        bot.database,
        bot.scheme_cache,
        named_actor(bot),
        find,
        erasures.wording(),
        data_dir=bot.settings.data_dir,
        now=bot.clock.now(),
    )
    if output is None:
        show_personal()  # the export is recorded
        print_json(found)
        return
    write_whole(output, export.as_text(found))
    rows = sum(map(len, found["tables"].values()))
    say(
        ngettext("Written: %(file)s, %(count)s row.", "Written: %(file)s, %(count)s rows.", rows, file=output)
    )
