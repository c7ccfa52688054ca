"""What a piece of a question can be, and the filters whose values are the firm's own words."""

from enum import StrEnum, auto


class PhrasePart(StrEnum):
    """What a piece of a question is."""

    FILLER = auto()
    OF = auto()  # changes nothing as well: before a name
    HOW = auto()  # how is … doing: of a customer, its card; of a team, its overview
    CONTEXT = auto()  # said around what is asked of one customer; its meaning is what can be asked so
    AHEAD = auto()  # tomorrow, next week
    PUT = auto()  # … side by side
    CUSTOMERS = auto()
    LIST = auto()
    AND = auto()
    OR = auto()
    BOTH = auto()  # before two values
    PAST = auto()  # was, had: only of moves, and of what a customer did not have
    APART = auto()
    NOT = auto()
    TO = auto()
    FROM = auto()
    ME = auto()
    MY_TEAM = auto()
    LABEL = auto()
    VALUE = auto()
    QUOTED = auto()
    LACKED = auto()  # visit, order …: what a customer did not have
    LACKING = auto()  # not visited, in one word
    COMPLAINED = auto()  # since a day
    QUIET = auto()  # for so long without a contact, or silent by its own rhythm
    NEAR = auto()
    NEAR_TO = auto()
    NEAR_MAYBE = auto()  # with or without the tier
    NEAR_ANY = auto()
    AWAY = auto()  # 离 … 只差一点: before the tier that customers are near to
    GAP = auto()  # after it
    EITHER = auto()  # a word of the firm and one of the grammar
    MOVED = auto()
    MOVE = auto()  # the same as a bare verb: at the beginning something is to be changed
    TAKE = auto()  # 把: before what is to be listed, or to be changed
    CHANGE = auto()  # something is to be changed or sent, which no question does
    STATISTIC = auto()  # an average, a share, a trend: there is no answer with one
    FORECAST = auto()  # what will be
    EXCEPT = auto()  # before what customers must not be
    EXCEPT_AFTER = auto()  # after it
    BUT = auto()
    UNKNOWN_ONE = auto()  # he, she, the other one: nobody knows who
    RISK = auto()
    OVERDUE = auto()
    UNATTENDED = auto()
    RECORD_TYPE = auto()
    ACCOUNTS = auto()  # all customers, or those that are no prospects
    BEYOND = auto()  # or better
    BY = auto()
    SORTED = auto()
    SORT = auto()
    ORDER = auto()  # by what, and whether reversed
    MOST = auto()  # revenue
    LEAST = auto()
    WORST = auto()
    OLDEST = auto()
    NEWEST = auto()
    CLOSEST = auto()
    AMOUNT = auto()  # of what the list is sorted by
    ON_TOP = auto()  # … first
    REVERSED = auto()
    RISING = auto()
    FALLING = auto()
    FIRST = auto()
    TOP = auto()
    COUNT = auto()  # a bare number
    LENGTH = auto()
    SINCE = auto()
    OVER = auto()
    FUTURE = auto()
    AGO = auto()  # so many days
    RECENT = auto()
    PROFILE = auto()
    PERSONAL_FIELD = auto()
    ASPECT = auto()
    COMPARE = auto()
    VERSUS = auto()
    NOTES_ABOUT = auto()
    PERSONAL = auto()
    WORD = auto()  # not understood


class FilterField(StrEnum):
    """A filter whose values are the firm's own words."""

    TIER = "tiers"
    REGION = "regions"
    INDUSTRY = "industries"
    COUNTRY = "countries"
    OWNER = "owners"
    TEAM = "teams"
    SCHEME = "schemes"
