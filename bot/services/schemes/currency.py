"""The one currency that amounts are compared in: that of all orders, and of the scheme."""

from sqlmodel import Session

from bot.errors import N_, BadInput
from db.book.trade import order_totals
from grading.scheme.model import Scheme


def common_currency(session: Session) -> str:
    """The currency of all orders; raises BadInput with the way to one when there are none, or several."""
    currencies = [currency for currency, _ in order_totals.currencies(session)]
    if not currencies:
        raise BadInput(N_("There are no orders to go by. Bring them in first: tierbot import orders FILE"))
    if len(currencies) > 1:
        raise BadInput(
            N_(
                "Orders are in several currencies (%(currencies)s), and amounts are compared in one. Set the firm's"
                " currency, such as TIERBOT_CURRENCY=%(most)s; import the rates of the others (tierbot import rates FILE);"
                " then import the orders again, which converts them."
            ),
            currencies=", ".join(currencies),
            most=currencies[0],
        )
    return currencies[0]


def check_currency(session: Session, scheme: Scheme) -> None:
    """Raises BadInput when there are orders in a currency the scheme does not count in."""
    foreign = order_totals.foreign_orders(session, scheme.currency) if scheme.currency else None
    if foreign:
        common_currency(session)
        raise BadInput(
            N_(
                "The scheme %(scheme)s counts in %(wanted)s, but there are orders in %(found)s (%(count)s)."
                " Make a scheme in that currency: tierbot scheme propose %(scheme)s --out my_scheme.yaml"
            ),
            scheme=scheme.scheme,
            wanted=scheme.currency,
            count=foreign[1],
            found=foreign[0],
        )
