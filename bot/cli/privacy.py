"""`erase` and `export`: what is kept about a customer or a person, deleted or written out."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.app import Tierbot
from bot.cli.console import _, acts, listed, named_actor, opened, print_json, print_table, say
from bot.errors import N_, BadInput, ngettext
from bot.services.files import write_whole
from bot.services.privacy import erasure, export, marks, subjects
from bot.services.privacy.erasure import Erased, Find, Kept, Wording
from bot.services.privacy.subjects import Identity
from db import rewriting
from db.rewriting import Rewritten

Code = Annotated[str, typer.Argument(metavar="CODE", help="The customer's code, or SOURCE:CODE.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="A new file, instead of the terminal.")
]
SHOWN = 10
_ENDS: dict[Rewritten, str] = {
    Rewritten.DONE: N_("The database file was rewritten; no deleted byte is left in it or in its log."),
    Rewritten.LOG_IN_USE: N_(
        "The database file was rewritten, but its log still holds the deleted bytes, because another process reads from it."
        " A running Tierbot empties it within the hour; or end the process and run: tierbot erase again"
    ),
    Rewritten.FAILED: N_(
        "The rows are deleted, but the database file could not be rewritten, so deleted bytes may be left in it. Make room"
        " on its disk (as much as the file takes), and run: tierbot erase again"
    ),
    Rewritten.NOT_NEEDED: N_("PostgreSQL reuses the space of deleted rows; its archives are files of yours."),
}


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
def erase_again(yes: Yes = False) -> None:
    """Erase again whoever a restored backup brought back, and end an erasure that could not be finished."""
    with opened(create=False) as bot:
        marks.add(bot.database, marks.load(bot.settings.data_dir))
        if not erase_returned(bot, yes):
            say(_("Nobody who was erased is in the book."))
        ended = rewriting.finish(bot.database)
        if ended is not Rewritten.NOT_NEEDED:
            say(_(_ENDS[ended]))


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


def erase_returned(bot: Tierbot, yes: bool) -> bool:
    """Name those who were erased and are in the book, and erase them again; False without any.

    Who is not to be erased again stays, and files may bring rows about them.
    """
    found = marks.returned(bot.database)
    if not found:
        return False
    say(_("These were erased, and are in this database again:"))
    say(*(f"  {_label(one)}" for one in found))
    if not yes and not typer.confirm(_("Erase them again?"), default=True):
        marks.take_back(bot.database, found, bot.clock.now())
        marks.save(bot.database, bot.settings.data_dir)
        say(_("They stay, and imports bring in rows about them."))
        return True
    for one in found:
        _done(_erased(bot, marks.find_again(one)))
    return True


def _erase(bot: Tierbot, find: Find, yes: bool) -> None:
    kept = erasure.preview(bot.database, named_actor(bot), find, _wording(), data_dir=bot.settings.data_dir)
    _show(kept)
    if not yes:
        typed = typer.prompt(_("This cannot be undone. To go on, type %(code)s", code=kept.identity.code))
        if typed.strip() != kept.identity.code:
            raise BadInput(N_("Nothing was erased: %(typed)s is not what was asked for."), typed=repr(typed))
    _done(_erased(bot, find))


def _erased(bot: Tierbot, find: Find) -> Erased:
    now = bot.clock.now()
    erased = erasure.erase(
        bot.database,
        named_actor(bot),
        find,
        _wording(),
        data_dir=bot.settings.data_dir,
        today=bot.today(now),
        now=now,
    )
    marks.save(bot.database, bot.settings.data_dir)
    return erased


def _wording() -> Wording:
    """What takes the place of names, in the installation's language."""
    return Wording(
        mark=_("[erased]"),
        pseudonym=lambda number: _("Former colleague %(number)s", number=number),
    )


def _show(kept: Kept) -> None:
    say(_("Kept about %(who)s:", who=_label(kept.identity)))
    rows: list[list[object]] = [[table, "", number] for table, number in kept.rows.items()]
    rows += [["outbox", _("messages"), kept.messages]] if kept.messages else []
    rows += [[*place.split("."), number] for place, number in kept.texts.items()]
    rows += [[path.name, _("rejected rows"), number] for path, number in kept.rejected.items()]
    print_table([_("where"), _("column that names them"), _("rows")], rows)
    if kept.waiting:
        say(
            ngettext(
                "%(count)s message was not sent yet; it will not be.",
                "%(count)s messages were not sent yet; they will not be.",
                kept.waiting,
            )
        )
    if kept.without_owner:
        say(
            _(
                "Customers that nobody would look after: %(codes)s. Import their new owners first, or afterwards.",
                codes=_some(kept.without_owner),
            )
        )
    if kept.without_lead:
        say(_("Teams that nobody would lead: %(teams)s.", teams=_some(kept.without_lead)))
    if kept.data:
        places = [f"{place} ({number})" for place, number in kept.data.items()]
        say(
            _(
                "Data about others that name them too, and stay as they are: %(places)s. tierbot export shows them.",
                places=listed(places),
            )
        )
    if kept.unsearched:
        say(
            _(
                "Not searched for in notes and other texts, because too short or the name of others too: %(names)s.",
                names=_some(kept.unsearched),
            )
        )
    say(_outside(kept))


def _outside(kept: Kept) -> str:
    """What an erasure does not reach."""
    if kept.copies:
        return _(
            "Not reached: your backups, and these copies of the database: %(files)s. Delete them when you need them no more;"
            " restoring one asks whether to erase again. In Slack stand %(posted)s messages.",
            files=_some([str(path) for path in kept.copies]),
            posted=kept.posted,
        )
    return _(
        "Not reached: your backups; restoring one asks whether to erase again. In Slack stand %(posted)s messages.",
        posted=kept.posted,
    )


def _done(erased: Erased) -> None:
    say(_("%(who)s is erased.", who=erased.identity.code), _(_ENDS[erased.rewritten]))


def _label(identity: Identity) -> str:
    joined = len(identity.ids) - 1
    also = f" ({_('with %(count)s that were joined into it', count=joined)})" if joined else ""
    return f"{identity.code} {identity.name}{also}"


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more: list[Any] = [_("and %(count)s more", count=len(found) - SHOWN)] if len(found) > SHOWN else []
    return listed([*found[:SHOWN], *more])


def _export(bot: Tierbot, find: Find, output: Path | None) -> None:
    if output is not None and output.exists():
        raise BadInput(N_("%(file)s exists already. Name a file that does not."), file=output)
    found = export.export(
        bot.database,
        bot.scheme_cache,
        named_actor(bot),
        find,
        _wording(),
        data_dir=bot.settings.data_dir,
        now=bot.clock.now(),
    )
    if output is None:
        print_json(found)
        return
    write_whole(output, export.as_text(found))
    rows = sum(map(len, found["tables"].values()))
    say(_("Written: %(file)s (%(count)s rows).", file=output, count=rows))
