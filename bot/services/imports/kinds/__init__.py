"""One module per kind of file."""

from bot.services.imports.kind import Kind
from bot.services.imports.kinds.activities import Activities
from bot.services.imports.kinds.customers import Customers
from bot.services.imports.kinds.facts import Facts
from bot.services.imports.kinds.invoices import Invoices
from bot.services.imports.kinds.order_lines import OrderLines
from bot.services.imports.kinds.orders import Orders
from bot.services.imports.kinds.people import People, Teams
from bot.services.imports.kinds.rates import Rates

# In the order a new book is filled: later kinds refer to earlier ones.
KINDS: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (Teams, People, Customers, Rates, Orders, OrderLines, Invoices, Activities, Facts)
}
