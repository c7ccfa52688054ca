"""What keeps messages from a channel, and what to do: the same words in Slack, in the terminal and in the outbox."""

from dataclasses import dataclass
from enum import StrEnum

from bot.errors import N_, Phrase, joined


class Trouble(StrEnum):
    """Why a channel gets no messages; the first four are Slack's own codes."""

    MISSING = "channel_not_found"
    NOT_MEMBER = "not_in_channel"
    ARCHIVED = "is_archived"
    RESTRICTED = "restricted_action"
    UNNAMED = "no_such_name"
    RENAMED = "renamed"
    AMBIGUOUS = "ambiguous"
    EXTERNAL = "external"


# What was found, and the remedy.
SENTENCES: dict[str, tuple[str, str]] = {
    Trouble.MISSING: (
        N_(
            "Slack shows the bot no such channel: it was deleted, belongs to another workspace, or is private and the"
            " bot was not invited"
        ),
        N_("invite the bot with /invite @Tierbot, or write another channel's id"),
    ),
    Trouble.NOT_MEMBER: (N_("the bot is not in the channel"), N_("type /invite @Tierbot in the channel")),
    Trouble.ARCHIVED: (
        N_("the channel is archived"),
        N_("unarchive it, or write another channel's id"),
    ),
    Trouble.RESTRICTED: (
        N_("the bot may not post in the channel"),
        N_("allow it in the channel's settings, or write another channel's id"),
    ),
    Trouble.UNNAMED: (
        N_("the bot is in no channel of this name"),
        N_("type /invite @Tierbot in the channel, or correct the name"),
    ),
    Trouble.RENAMED: (
        N_("no channel has this name any more; %(other)s had it"),
        N_("if that channel is meant, write its id"),
    ),
    Trouble.AMBIGUOUS: (
        N_("more than one channel has or had this name: %(other)s"),
        N_("write the id of the channel that is meant"),
    ),
    Trouble.EXTERNAL: (
        N_("people of another company read the channel"),
        N_("end the sharing, or write another channel's id"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class TroubledChannel:
    """A channel that gets no messages, and where it is written."""

    channel: str  # as it is written
    trouble: str
    meant: str = ""  # the id that a name means
    other: str = ""  # the channels that it may mean, while it means none
    settings: tuple[str, ...] = ()  # variables
    teams: tuple[str, ...] = ()

    @property
    def found(self) -> str:
        """The sentence that says what is wrong."""
        return SENTENCES.get(self.trouble, SENTENCES[Trouble.MISSING])[0]

    @property
    def remedy(self) -> str:
        """The sentence that says what to do."""
        return SENTENCES.get(self.trouble, SENTENCES[Trouble.MISSING])[1]


def reason(troubled: TroubledChannel) -> Phrase:
    """What is wrong."""
    return Phrase(troubled.found, other=troubled.other)


def label(troubled: TroubledChannel) -> str:
    """The channel as it is written, and the id that it means: another one may have the name by now."""
    return f"{troubled.channel}, {troubled.meant}" if troubled.meant else troubled.channel


def places(troubled: TroubledChannel) -> Phrase:
    """Where the channel is written."""
    teams = [Phrase(N_("team %(name)s"), name=name) for name in troubled.teams]
    return joined([*troubled.settings, *teams], ", ")
