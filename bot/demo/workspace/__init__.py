"""The local workspace: a small Slack-compatible server with one web page.

It is the Slack of the demo and of the tests: it takes what Slack takes, and refuses what Slack refuses.
"""

from bot.demo.workspace.faults.kinds import Fault, Faults
from bot.demo.workspace.faults.ledger import Post, PostRate
from bot.demo.workspace.server import Workspace
from bot.demo.workspace.state.records import (
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    Command,
    Control,
    ControlField,
    Outcome,
    Said,
    StoredMessage,
    User,
    View,
)

__all__ = [
    "BOT_USER_ID",
    "TEAM_ID",
    "Channel",
    "Command",
    "Control",
    "ControlField",
    "Fault",
    "Faults",
    "Outcome",
    "Post",
    "PostRate",
    "Said",
    "StoredMessage",
    "User",
    "View",
    "Workspace",
]
