"""Care steps that nobody can be told of, for `tierbot doctor`: when they are due, and when they are late."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from bot.errors import N_, Phrase, ngettext
from bot.services.ops.storage import Finding
from bot.services.recipients import FirmDefaults, Recipients
from bot.settings import Settings
from db.book import people
from db.care import due_touches


def examine_reach(session: Session, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Steps that are due and have no person or channel to be told, and those whose delay would be reported to nobody."""
    firm = FirmDefaults(channel=settings.alert_channel, language=settings.language, admins=settings.admins)
    due = due_touches.counts_by_owner(session, now)
    recipients = Recipients.of(session, [owner for owner in due if owner is not None], firm, now)
    admins = people.admins(session, settings.admins)
    nowhere = unreported = 0
    for owner_id, count in due.items():
        owner = recipients.people.get(owner_id or 0)
        if recipients.place(owner) is None:
            nowhere += count
        elif not (admins or recipients.channel(owner) or recipients.manager(owner, recipients.reader(owner))):
            unreported += count
    if nowhere:
        yield Finding(
            "problem",
            "care",
            ngettext(
                "%(count)s care step has nobody who could be told",
                "%(count)s care steps have nobody who could be told",
                nowhere,
            ),
            Phrase(
                N_("import owners of the customers, set a lead of their team, or set TIERBOT_ALERT_CHANNEL")
            ),
        )
    if unreported:
        yield Finding(
            "note",
            "care",
            ngettext(
                "%(count)s care step that is due will be reported to nobody when it is late",
                "%(count)s care steps that are due will be reported to nobody when they are late",
                unreported,
            ),
            Phrase(
                N_(
                    "set a lead of the account manager's team, set TIERBOT_ALERT_CHANNEL, or name TIERBOT_ADMINS"
                )
            ),
        )
