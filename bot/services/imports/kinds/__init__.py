"""The import kinds, a module each. A kind that is in `KINDS` has a command and an undo."""

from functools import cache

from bot.services.imports.kind import FileKind
from bot.services.imports.kinds.activities import ActivityKind
from bot.services.imports.kinds.complaints import ComplaintKind
from bot.services.imports.kinds.contact_people import ContactPersonKind
from bot.services.imports.kinds.customers import CustomerKind
from bot.services.imports.kinds.facts import FactKind
from bot.services.imports.kinds.gifts import GiftKind
from bot.services.imports.kinds.invoices import InvoiceKind
from bot.services.imports.kinds.joins import JoinKind
from bot.services.imports.kinds.order_lines import OrderLineKind
from bot.services.imports.kinds.orders import OrderKind
from bot.services.imports.kinds.people import PeopleKind, TeamKind
from bot.services.imports.kinds.profiles import ProfileKind
from bot.services.imports.kinds.rates import RateKind
from bot.services.imports.kinds.surveys import SurveyKind
from bot.services.imports.report import ImportOptions

# In the order of `tierbot import --help`.
KINDS: dict[str, type[FileKind]] = {
    kind.name: kind
    for kind in (
        CustomerKind,
        JoinKind,
        RateKind,
        OrderKind,
        OrderLineKind,
        InvoiceKind,
        ActivityKind,
        ComplaintKind,
        GiftKind,
        SurveyKind,
        FactKind,
        ContactPersonKind,
        ProfileKind,
        PeopleKind,
        TeamKind,
    )
}


def kind_under(name: str, options: ImportOptions) -> FileKind:
    """The kind of this name, as it is for one import."""
    return _built(KINDS[name]).under(options)


@cache
def _built(kind: type[FileKind]) -> FileKind:
    """A kind before any file. Its tables stay the same objects, so that their statements are compiled once.

    Otherwise 900 small files took 15 s more, and pushed other statements out of the engine's cache.
    """
    return kind()
