"""Proposals about customers: a tier or a credit limit that somebody asks for, and somebody else decides about.

Promise: what is proposed has its effect in the transaction in which it is approved, once, by somebody with the right who
did not propose it; those who were asked, and who proposed it, are told in that transaction.
"""

from bot.services.proposals.decisions import approve, decline, withdraw
from bot.services.proposals.making import Wanted, WantedCredit, WantedTier, propose, to_propose
from bot.services.proposals.subject import ProposalAct, current, title

__all__ = [
    "ProposalAct",
    "Wanted",
    "WantedCredit",
    "WantedTier",
    "approve",
    "current",
    "decline",
    "propose",
    "title",
    "to_propose",
    "withdraw",
]
