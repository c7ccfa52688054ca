"""Channels by id: a name in the settings or of a team is looked up once, and means that channel from then on.

A renamed channel goes on getting its messages, and a new one with the old name gets none. To mean another channel, one
writes its id.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.services.delivery import outbox
from bot.services.delivery.messenger import Answer, ListedChannels, SeenChannel
from bot.services.delivery.worker import Worker, WorkerOptions
from bot.services.recipients import Place
from bot.wording.channels import Trouble, TroubledChannel, reason
from bot.wording.notices import ChannelTrouble
from db.book import people
from db.outbox import channels

log = structlog.get_logger()

KIND = "channel"
UNLISTED = timedelta(minutes=15)
# Error classes of messages that say what is wrong with the channel.
REFUSALS = (Trouble.MISSING, Trouble.NOT_MEMBER, Trouble.ARCHIVED, Trouble.EXTERNAL)


def is_name(channel: str) -> bool:
    """Whether this is a channel's name, not an id."""
    return channel.startswith("#")


def shown(channel: SeenChannel) -> str:
    """A channel's present name and its id."""
    return f"#{channel.name} ({channel.id})"


def pick(name: str, listed: Iterable[SeenChannel]) -> SeenChannel | TroubledChannel:
    """The channel that a name means when it is looked up for the first time; trouble where that would be a guess."""
    bare = name.removeprefix("#").casefold()
    named: list[SeenChannel] = []
    formerly: list[SeenChannel] = []
    for channel in listed:
        if channel.name.casefold() == bare:
            named.append(channel)
        elif bare in map(str.casefold, channel.former_names):
            formerly.append(channel)
    if len(named) == 1 and not formerly:
        return named[0]
    trouble = Trouble.AMBIGUOUS if named else Trouble.RENAMED if formerly else Trouble.UNNAMED
    return TroubledChannel(channel=name, trouble=trouble, other=", ".join(map(shown, named + formerly)))


def locate(worker: Worker, names: Collection[str]) -> dict[str, str | Answer]:
    """Name of a channel -> its id; or why nothing can be sent there now. Nothing is ever posted to a name."""
    listing = worker.slack.joined_channels()
    if listing.outcome != "read":
        return dict.fromkeys(names, _later(listing))
    found = {name: pick(name, listing.channels) for name in names}
    with worker.database.write() as session:
        return settle(session, found, worker.options, worker.state(session).now)


def settle(
    session: Session,
    found: Mapping[str, SeenChannel | TroubledChannel],
    options: WorkerOptions,
    now: datetime,
) -> dict[str, str | Answer]:
    """Remember which channels names mean, and tell admins of those that mean none; name -> id or refusal."""
    for name, one in found.items():
        if isinstance(one, SeenChannel):
            channels.remember(session, name, one.id, now)
    troubled = [one for one in found.values() if isinstance(one, TroubledChannel)]
    tell_admins(session, troubled, options, now)
    # Those of another process that was faster count.
    return {
        **{one.channel: _refusal(one) for one in troubled},
        **channels.ids(session, found.keys() - {one.channel for one in troubled}),
    }


def troubled(channel: str, where: str, trouble: Trouble) -> TroubledChannel:
    """A channel in trouble, with the id that its name was known to mean."""
    meant = where if is_name(channel) and not is_name(where) else ""
    return TroubledChannel(channel=channel, trouble=trouble, meant=meant)


def tell_admins(
    session: Session, troubled: Collection[TroubledChannel], options: WorkerOptions, now: datetime
) -> int:
    """Write a direct message to each admin about each channel, once a day for each trouble; how many are new."""
    if not troubled:
        return 0
    people_told = people.admins(session, options.admins)
    if not people_told:
        log.error("channel.trouble_untold", channels=[one.channel for one in troubled])
    written = 0
    for one in with_places(troubled, options.channels, people.team_channels(session)):
        message = ChannelTrouble(**vars(one))
        for person in people_told:
            written += outbox.enqueue_once(
                session,
                kind=KIND,
                place=Place(person_id=person.id),
                message=message,
                language=person.language or options.language,
                dedupe_key=f"channel:{one.channel}:{one.trouble}:{now:%Y-%m-%d}:{person.id}",
                now=now,
            )
    return written


def with_places(
    troubled: Iterable[TroubledChannel], settings: Mapping[str, str], teams: Mapping[str, str]
) -> list[TroubledChannel]:
    """The channels with where they are written: settings (variable -> channel), and teams (name -> channel)."""
    return [
        replace(
            one,
            settings=tuple(name for name, channel in settings.items() if channel == one.channel),
            teams=tuple(team for team, channel in teams.items() if channel == one.channel),
        )
        for one in troubled
    ]


def trouble_of(error_class: str | None) -> Trouble | None:
    """What Slack's refusal says of the channel; None where it is no refusal of the channel."""
    if (error_class or "").startswith(Trouble.RESTRICTED):  # there are several, such as …_read_only_channel
        return Trouble.RESTRICTED
    return next((trouble for trouble in REFUSALS if trouble == error_class), None)


def _refusal(troubled: TroubledChannel) -> Answer:
    return Answer(
        outcome="hopeless", error_class=troubled.trouble, error=str(reason(troubled)), concerns="place"
    )


def _later(listing: ListedChannels) -> Answer:
    """The messages wait: for Slack, or, long, until somebody has given the app the scopes."""
    read_later = listing.outcome == "later"
    return Answer(
        outcome="retry",
        error_class=listing.error_class,
        error=listing.error,
        retry_after=listing.retry_after if read_later else UNLISTED,
        counts=listing.concerns == "network",
        concerns=listing.concerns if read_later else "message",
    )
