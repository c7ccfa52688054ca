"""What the app declares to Slack: commands and scopes, each with its reason; the manifest is made from them."""

from dataclasses import asdict, dataclass
from typing import Any

from bot.errors import N_
from bot.wording.actions import Action


@dataclass(frozen=True, kw_only=True)
class SlashCommand:
    """A slash command as its users see it."""

    name: str
    usage: str
    description: str


TIER = SlashCommand(
    name="/tier",
    usage="[customer name or code | todo | calendar | help]",
    description="A customer's tier, score, why, and the next care step",
)
COMMANDS = (TIER,)


@dataclass(frozen=True, kw_only=True)
class MessageShortcut:
    """What is offered in the menu of every message, as its users see it."""

    name: str
    callback_id: str
    description: str


LOG_MESSAGE = MessageShortcut(
    name="Log as contact",
    callback_id=str(Action.LOG_MESSAGE),
    description="Log this message as a contact with a customer",
)
SHORTCUTS = (LOG_MESSAGE,)

SCOPES = {
    "app_mentions:read": N_("answer where people mention the bot in a channel"),
    "chat:write": N_("post reminders and tier-change alerts"),
    "commands": N_("answer /tier, and log a message as a contact"),
    "files:read": N_("see whether a file has arrived before a message refers to it"),
    "files:write": N_("send lists as CSV or Excel files, score charts and review packs"),
    "im:history": N_("answer what people write to the bot, and see whether a reminder arrived"),
    "im:write": N_("open direct messages for reminders and for changes of one's own customers"),
    "channels:read": N_(
        "find public channels by name, and see whether one is archived, without the bot or read by another company"
    ),
    "groups:read": N_("the same of private channels"),
    "users:read": N_("know a user's time zone and language, and tell guests apart"),
    "users:read.email": N_("match Slack users to the people in your book by e-mail address"),
}

# Only to find out whether a message arrived whose answer was lost, by the number in its metadata.
OPTIONAL_SCOPES = {
    "channels:history": N_("see whether an alert arrived in a public channel"),
    "groups:history": N_("see whether an alert arrived in a private channel"),
}

# Events, and what does not work without them.
EVENTS = {
    "app_home_opened": N_("the Home tab"),
    "app_mention": N_("answers where people mention the bot in a channel"),
    "message.im": N_("answers to direct messages"),
}


def manifest(
    *, socket_mode: bool = True, request_url: str = "https://example.com/slack/events"
) -> dict[str, Any]:
    """The app manifest to paste; `request_url` is used without Socket Mode."""
    address = {} if socket_mode else {"url": request_url}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if not socket_mode:
        interactivity["request_url"] = request_url
    return {
        "display_information": {
            "name": "Tierbot",
            "description": "Customer tiers, explained: ask, be reminded of care, hear of changes.",
            "background_color": "#1f3a5f",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Tierbot", "always_online": True},
            "slash_commands": [
                {
                    "command": command.name,
                    "description": command.description,
                    "usage_hint": command.usage,
                    "should_escape": False,
                    **address,
                }
                for command in COMMANDS
            ],
            "shortcuts": [{"type": "message", **asdict(shortcut)} for shortcut in SHORTCUTS],
        },
        "oauth_config": {
            "scopes": {"bot": list(SCOPES) + list(OPTIONAL_SCOPES), "bot_optional": list(OPTIONAL_SCOPES)}
        },
        "settings": {
            "event_subscriptions": {
                **({} if socket_mode else {"request_url": request_url}),
                "bot_events": list(EVENTS),
            },
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }
