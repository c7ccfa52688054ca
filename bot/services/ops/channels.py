"""The channels that the settings and the teams name, as Slack shows them now: for `check`, `doctor` and a job."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlmodel import Session

from bot.errors import N_, Phrase
from bot.services.delivery.channels import is_name, pick, shown, tell_admins, troubled, with_places
from bot.services.delivery.messenger import ListedChannels, Messenger, SeenChannel
from bot.services.delivery.worker import WorkerOptions
from bot.wording.channels import Trouble, TroubledChannel, label, places, reason
from db import processes
from db.book import people
from db.engine import Database
from db.outbox import channels

CURSOR = "channels"
SEEN_FOR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Written:
    """What an installation says about channels: settings, teams, and the ids of names that were looked up before."""

    settings: Mapping[str, str]  # variable -> channel
    teams: Mapping[str, str] = field(default_factory=dict)  # name -> channel
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def channels(self) -> list[str]:
        """Every channel once, as it is written."""
        return list(
            dict.fromkeys(channel for channel in [*self.settings.values(), *self.teams.values()] if channel)
        )


@dataclass(kw_only=True)
class Look:
    """The channels as Slack shows them; `unread` says why some could not be looked at."""

    seen: dict[str, SeenChannel | TroubledChannel] = field(default_factory=dict)  # by how they are written
    unread: ListedChannels | None = None

    @property
    def sound(self) -> dict[str, SeenChannel]:
        return {channel: seen for channel, seen in self.seen.items() if isinstance(seen, SeenChannel)}

    @property
    def troubled(self) -> list[TroubledChannel]:
        return [seen for seen in self.seen.values() if isinstance(seen, TroubledChannel)]


class Remark(NamedTuple):
    """Something about one channel that a person should know; notes and problems have a remedy."""

    level: Literal["ok", "note", "problem"]
    found: Phrase
    remedy: str = ""


def written(session: Session, settings: Mapping[str, str]) -> Written:
    """The channels of an installation, and what is remembered of their names."""
    return Written(settings=settings, teams=people.team_channels(session), ids=channels.ids(session))


def look(known: Written, slack: Messenger) -> Look:
    """Look at each channel; one call to Slack for all that the bot is in, and one for each other. Nothing is changed."""
    found = Look()
    if not known.channels:
        return found
    listing = slack.joined_channels()
    if listing.outcome != "read":
        found.unread = listing
        return found
    joined = {channel.id: channel for channel in listing.channels}
    for channel in known.channels:
        channel_id = known.ids.get(channel, channel)
        seen: SeenChannel | TroubledChannel | None = joined.get(channel_id)
        if is_name(channel_id):
            seen = pick(channel, listing.channels)
        elif seen is None:
            asked = slack.channel(channel_id)
            if asked.outcome != "read":
                found.unread = asked
                continue
            seen = next(iter(asked.channels), None)
        found.seen[channel] = (
            seen if isinstance(seen, TroubledChannel) else _judged(channel, channel_id, seen)
        )
    return found


def remarks(known: Written, found: Look) -> Iterator[Remark]:
    """What is to be said about the channels."""
    if found.unread is not None:
        yield _unread(found.unread)
    for one in with_places(found.troubled, known.settings, known.teams):
        yield Remark(
            "problem",
            Phrase(
                N_("%(channel)s (%(places)s): %(found)s"),
                channel=label(one),
                places=places(one),
                found=reason(one),
            ),
            Phrase(one.remedy),
        )
    for channel, seen in found.sound.items():
        if is_name(channel) and channel != f"#{seen.name.casefold()}":
            yield Remark(
                "note",
                Phrase(
                    N_(
                        "messages for %(channel)s go to %(other)s, which had that name when it was first used"
                    ),
                    channel=channel,
                    other=shown(seen),
                ),
                Phrase(N_("write %(id)s instead of the name, or the id of another channel"), id=seen.id),
            )
    if found.sound:
        yield Remark("ok", Phrase(", ".join(dict.fromkeys(map(shown, found.sound.values())))))


def _unread(why: ListedChannels) -> Remark:
    # A network that is down says nothing about the channels.
    level: Literal["note", "problem"] = "note" if why.concerns in ("network", "rate") else "problem"
    lacks_scope = N_(
        "the app lacks the scopes channels:read and groups:read; paste the output of tierbot manifest and install it again"
    )
    return Remark(
        level,
        Phrase(
            N_("the channels could not be looked at: %(reason)s"),
            reason=Phrase(lacks_scope) if why.error_class == "missing_scope" else why.error,
        ),
        Phrase(N_("until then a channel that is gone is noticed only when a message to it fails")),
    )


def watch(database: Database, slack: Messenger, options: WorkerOptions, now: datetime) -> int:
    """Look at the channels unless that was done within an hour; how many new messages to admins that leads to.

    Which channels names mean is remembered. What could not be looked at is looked at again in the next pass.
    """
    with database.read() as session:
        last = processes.cursor(session, CURSOR)
        known = written(session, options.channels)
    if last is not None and timedelta() <= now - datetime.fromisoformat(last) < SEEN_FOR:
        return 0
    found = look(known, slack)
    with database.write() as session:
        for name, seen in found.sound.items():
            if is_name(name):
                channels.remember(session, name, seen.id, now)
        told = tell_admins(session, found.troubled, options, now)
        heard = not found.troubled or people.admins(session, options.admins)
        if (
            found.unread is None and heard
        ):  # else the next pass tries again: an admin may have been found by then
            processes.set_cursor(session, CURSOR, now.isoformat())
        return told


def _judged(channel: str, channel_id: str, seen: SeenChannel | None) -> SeenChannel | TroubledChannel:
    if seen is None:
        trouble = Trouble.MISSING
    elif seen.is_archived:
        trouble = Trouble.ARCHIVED
    elif not seen.is_member:
        trouble = Trouble.NOT_MEMBER
    elif seen.is_external:
        trouble = Trouble.EXTERNAL
    else:
        return seen
    return troubled(channel, channel_id, trouble)
