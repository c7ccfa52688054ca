"""What is to be known before a visit: the page of an account, and the card of a prospect."""

from bot.services.ask.brief.page import brief, in_full

__all__ = ["brief", "in_full"]
