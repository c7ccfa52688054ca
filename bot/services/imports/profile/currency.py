"""The currency of a file's amounts: a column, a sign in the amounts, the firm's, or a person's choice."""

from dataclasses import dataclass

from bot.errors import N_, Phrase
from bot.services.imports.kind import FileKind
from bot.services.imports.profile.choices import Alternative, OpenChoice
from bot.services.imports.profile.guess import Guess
from bot.services.imports.profile.sample import Sample
from bot.services.imports.profile.totals import UNKNOWN
from bot.services.imports.read.amounts import dissect
from bot.services.imports.read.text import currency
from bot.services.imports.report import ImportOptions
from db.book.trade import order_totals
from db.book.trade.exchange_rates import rates_to
from db.engine import Database

_FEW = 10


@dataclass(frozen=True, kw_only=True)
class FileCurrency:
    """Where the currency is found, and the choice if it is not."""

    found: str = ""
    choice: OpenChoice | None = None


def look(
    book: Database, kind: type[FileKind], guess: Guess, sample: Sample, options: ImportOptions
) -> FileCurrency:
    """Find the currency of the amounts of a file."""
    if not any(one.name == "currency" and not one.required for one in kind.fields):
        return FileCurrency()
    column, amount = guess.columns.get("currency"), guess.columns.get("amount")
    if column is not None:
        header, values = sample.header[column.place], sample.columns[column.place]
        named = Phrase(
            N_("in the column %(header)s: %(such)s"),
            header=header,
            such=", ".join(sample.distinct(column.place, _FEW)),
        )
        if len(values) == len(sample.rows) or options.currency:
            return FileCurrency(found=named)
        return _ask(book, Phrase(N_("%(named)s; some of its cells are empty"), named=named), (), options)
    if options.currency:
        return FileCurrency(found=Phrase(N_("%(currency)s, as given"), currency=options.currency))
    meant = _by_sign(sample, amount.place) if amount is not None else {}
    signs = ", ".join(meant)
    possible = set.intersection(*(set(one) for one in meant.values())) if meant else set()
    if len(possible) == 1:
        (code,) = possible
        alternative = Alternative(
            options={"currency": code},
            meaning=Phrase(N_("as the amounts are marked: %(signs)s"), signs=signs),
        )
        return FileCurrency(
            found=Phrase(N_("by the sign of the amounts: %(signs)s"), signs=signs),
            choice=OpenChoice(
                about=Phrase(N_("The currency of the amounts")), alternatives=(alternative,), evident=0
            ),
        )
    if meant:
        first = next(iter(meant.values()))
        return _ask(
            book,
            Phrase(N_("by the sign of the amounts only: %(signs)s"), signs=signs),
            tuple(c for c in first if c in possible),
            options,
        )
    return _ask(book, Phrase(N_("not in the file")), (), options)


def without_rate(book: Database, guess: Guess, sample: Sample, tried: ImportOptions) -> tuple[str, ...]:
    """The currencies of a file for which the book has no rate to the firm's currency."""
    firm, column = tried.firm_currency, guess.columns.get("currency")
    if firm is None:
        return ()
    named = sample.distinct(column.place, _FEW) if column is not None else []
    codes = {code for cell in [*named, tried.currency or firm] if isinstance(code := currency(cell), str)}
    with book.reader.connect() as connection:
        known = {code for code, _, _ in rates_to(connection, firm)}
    return tuple(sorted(codes - known - {firm, UNKNOWN}))


def _ask(book: Database, found: str, possible: tuple[str, ...], options: ImportOptions) -> FileCurrency:
    """The firm's currency or the one of all orders in the book, where the file may be in it; else a question."""
    usual, meaning = (
        options.firm_currency,
        Phrase(N_("the firm's currency, by %(setting)s"), setting="TIERBOT_CURRENCY"),
    )
    if usual is None:
        with book.read() as session:
            kept = [code for code, _ in order_totals.currencies(session)]
        usual, meaning = (
            kept[0] if len(kept) == 1 else None,
            Phrase(N_("the currency of the orders in the book")),
        )
    if usual is not None and (usual in possible or not possible):
        alternative = Alternative(options={"currency": usual}, meaning=meaning)
        choice = OpenChoice(
            about=Phrase(N_("The currency is %(found)s"), found=found), alternatives=(alternative,), evident=0
        )
    else:
        choice = OpenChoice(
            about=Phrase(N_("The currency is %(found)s"), found=found),
            alternatives=tuple(Alternative(options={"currency": code}, meaning="") for code in possible),
            placeholder=("currency", "CODE"),
            stopgap=Alternative(
                options={"currency": UNKNOWN}, meaning=Phrase(N_("an ISO code, such as EUR or CNY"))
            ),
        )
    return FileCurrency(found=found, choice=choice)


def _by_sign(sample: Sample, place: int) -> dict[str, tuple[str, ...]]:
    """Sign -> the currencies that it may mean, of the signs in a column of amounts."""
    found: dict[str, tuple[str, ...]] = {}
    for cell in dict.fromkeys(sample.columns[place]):
        _, _, mark = dissect(cell)
        if mark:
            sign = "".join(letter for letter in cell if not letter.isdigit()).strip(" .,-()'’")
            found.setdefault(sign, tuple(mark.split()))
    return found
