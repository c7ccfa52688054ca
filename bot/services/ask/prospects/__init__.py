"""Prospects that people add by hand, once each: similar names are shown before a second record comes into the book."""

from bot.services.ask.prospects.adding import (
    AddedProspect,
    GivenProspect,
    SimilarNames,
    add_prospect,
    may_add,
)
from bot.services.ask.prospects.reversal import undo

__all__ = ["AddedProspect", "GivenProspect", "SimilarNames", "add_prospect", "may_add", "undo"]
