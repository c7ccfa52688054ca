"""What `erase` prints: what is kept about somebody, what was deleted, and who came back with a restored backup."""

from collections.abc import Iterable
from typing import Any

import typer

from bot.app import Tierbot
from bot.cli.console import _, listed, named_actor, print_table, say, warn
from bot.errors import N_, ngettext
from bot.services.privacy import erasure, marks
from bot.services.privacy.erasure import Erased, Find, KeptData, Wording
from bot.services.privacy.subjects import Identity
from db.rewriting import Rewritten

SHOWN = 10
ENDS: dict[Rewritten, str] = {
    Rewritten.DONE: N_("The database file was rewritten; no deleted byte is left in it or in its log."),
    Rewritten.LOG_IN_USE: N_(
        "The database file was rewritten, but its log still holds the deleted bytes, because another process reads from it."
        " A running Tierbot empties it within the hour; or end the process and run: tierbot erase again"
    ),
    Rewritten.FAILED: N_(
        "The rows are deleted, but the database file could not be rewritten, because another process writes to it or its disk"
        " has no room: deleted bytes may be left in it. A running Tierbot tries again within the hour; or run: tierbot erase"
        " again"
    ),
    Rewritten.NOT_NEEDED: N_("PostgreSQL reuses the space of deleted rows; its archives are files of yours."),
}


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
        say_done(erase(bot, marks.find_again(one)))
    return True


def erase(bot: Tierbot, find: Find) -> Erased:
    """Erase a customer or a person."""
    now = bot.clock.now()
    return erasure.erase(
        bot.database,
        named_actor(bot),
        find,
        wording(),
        data_dir=bot.settings.data_dir,
        admins=bot.settings.admins,
        today=bot.today(now),
        now=now,
    )


def wording() -> Wording:
    """What takes the place of names, in the installation's language."""
    return Wording(
        mark=_("[erased]"),
        pseudonym=lambda number: _("Former colleague %(number)s", number=number),
    )


def show(kept: KeptData) -> None:
    """Print what is kept about somebody, what an erasure changes elsewhere, and what it does not reach."""
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


def say_done(erased: Erased) -> None:
    """Print what an erasure did."""
    say(
        _("%(who)s is erased.", who=erased.identity.code),
        _(
            "Rows: %(rows)s; texts about others that were changed: %(texts)s; messages that will not be sent: %(dropped)s.",
            rows=f"{erased.rows:,}",
            texts=f"{erased.texts:,}",
            dropped=f"{erased.dropped:,}",
        ),
        _(ENDS[erased.rewritten]),
    )
    if erased.unwritten is not None:
        warn(
            _(
                "%(problem)s Only the database knows who was erased, so a backup copied into its place would bring them back."
                " A running Tierbot writes the file within the hour; or run, when that is mended: tierbot erase again",
                problem=erased.unwritten,
            )
        )


def _outside(kept: KeptData) -> str:
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


def _label(identity: Identity) -> str:
    joined = len(identity.ids) - 1
    if not joined:
        return f"{identity.code} {identity.name}"
    return _(
        "%(code)s %(name)s (with %(count)s that were joined into it)",
        code=identity.code,
        name=identity.name,
        count=joined,
    )


def _some(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more: list[Any] = [_("and %(count)s more", count=len(found) - SHOWN)] if len(found) > SHOWN else []
    return listed([*found[:SHOWN], *more])
