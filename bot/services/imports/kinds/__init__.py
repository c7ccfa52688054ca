"""One module per kind of file."""

from bot.services.imports.kind import FileKind
from bot.services.imports.kinds.activities import ActivityKind
from bot.services.imports.kinds.customers import CustomerKind
from bot.services.imports.kinds.facts import FactKind
from bot.services.imports.kinds.invoices import InvoiceKind
from bot.services.imports.kinds.order_lines import OrderLineKind
from bot.services.imports.kinds.orders import OrderKind
from bot.services.imports.kinds.people import PeopleKind, TeamKind
from bot.services.imports.kinds.rates import RateKind

# In the order a new book is filled: later kinds refer to earlier ones.
KINDS: dict[str, type[FileKind]] = {
    kind.name: kind
    for kind in (
        TeamKind,
        PeopleKind,
        CustomerKind,
        RateKind,
        OrderKind,
        OrderLineKind,
        InvoiceKind,
        ActivityKind,
        FactKind,
    )
}
