"""The local workspace: a small Slack-compatible server with one web page.

It is the Slack of the demo and of the tests: it accepts what Slack accepts, and refuses what Slack refuses.
A person uses it through `page`; `control` and most of `faults` serve only tests.
"""

from bot.demo.workspace.page.controls import Bilingual, Control, ControlField
from bot.demo.workspace.records import (
    BOT_USER_ID,
    Channel,
    Command,
    Outcome,
    Shortcut,
    StoredMessage,
    User,
    View,
)
from bot.demo.workspace.server import Workspace

__all__ = [
    "BOT_USER_ID",
    "Bilingual",
    "Channel",
    "Command",
    "Control",
    "ControlField",
    "Outcome",
    "Shortcut",
    "StoredMessage",
    "User",
    "View",
    "Workspace",
]
