"""The local workspace: a small Slack-compatible server with one web page.

It is the Slack of the demo and of the tests: it takes what Slack takes, and refuses what Slack refuses.
"""

from bot.demo.workspace.faults import Fault, Faults
from bot.demo.workspace.ledger import Post, Rates
from bot.demo.workspace.records import (
    BOT_USER_ID,
    TEAM_ID,
    Channel,
    Choice,
    Command,
    Control,
    Message,
    Outcome,
    Said,
    User,
    View,
)
from bot.demo.workspace.server import Workspace

__all__ = [
    "BOT_USER_ID",
    "TEAM_ID",
    "Channel",
    "Choice",
    "Command",
    "Control",
    "Fault",
    "Faults",
    "Message",
    "Outcome",
    "Post",
    "Rates",
    "Said",
    "User",
    "View",
    "Workspace",
]
