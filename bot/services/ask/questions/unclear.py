"""A question that is not answered: what of it was understood, what not, and what could be asked instead."""

from dataclasses import dataclass
from enum import StrEnum

from bot.services.ask.questions.query import Query


class WhyUnclear(StrEnum):
    """Why a question is asked back."""

    WORDS = "words"  # some are not understood
    SEVERAL = "several"  # it can mean several things
    NO_PERIOD = "no_period"  # for how long, or since when?
    OVER = "over"  # a period that has ended: lists know only a beginning
    FUTURE = "future"
    TOO_FEW = "too_few"  # to compare
    TOO_MANY = "too_many"
    ONE_CUSTOMER = "one_customer"  # is asked of one customer, not of a list
    NO_NAME = "no_name"  # of which customer?
    TWICE = "twice"  # the same kind of filter in two places
    PERSONAL = "personal"  # customers are not listed by it
    NO_ORDER = "no_order"  # the top ones, by what?
    TOO_LONG = "too_long"
    CHANGE = "change"  # something is to be changed or sent: questions change nothing
    FORECAST = "forecast"
    STATISTIC = "statistic"  # an average, a share, a trend
    NO_TIER = "no_tier"  # there is none from which one could get there


@dataclass(frozen=True, kw_only=True)
class Unclear:
    """What a question left open. `choices` are what it can mean; `nearest` are other questions that work."""

    text: str
    reason: WhyUnclear
    words: tuple[str, ...] = ()  # that were not understood, or that have several meanings
    understood: Query | None = None
    choices: tuple[Query, ...] = ()
    nearest: tuple[Query, ...] = ()
