"""One profile: a guess, then dry runs until what is open is a person's choice, then the command that imports the file."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import func, select

from bot.clock import Clock
from bot.errors import N_, BadInput, Phrase
from bot.services.imports.check.sources import spelled_as_known
from bot.services.imports.customer_rows import CREATE_CUSTOMERS
from bot.services.imports.kind import FileKind
from bot.services.imports.kinds import KINDS
from bot.services.imports.kinds.order_lines import OrderLineKind
from bot.services.imports.kinds.rates import RateKind
from bot.services.imports.profile import currency, standins
from bot.services.imports.profile.choices import Alternative, OpenChoice, apply
from bot.services.imports.profile.command import words
from bot.services.imports.profile.dry_run import DryRun, tried_with
from bot.services.imports.profile.guess import Guess, Guesser
from bot.services.imports.profile.report import FileProfile, UsedColumn
from bot.services.imports.profile.sample import Sample, headers_of_all_kinds, needed_reading, take
from bot.services.imports.profile.totals import UNKNOWN, Totals
from bot.services.imports.read.encoding import inspect_file
from bot.services.imports.read.records import DELIMITERS
from bot.services.imports.report import ImportOptions, ImportReport
from db import schema
from db.book import imports
from db.book.customers import Customer
from db.book.imports import table
from db.engine import Database, open_database

_CLOSE = 0.75  # of the best score
_EXAMPLES = 3
_ROWS_ARE = {
    "customers": N_("one row per customer"),
    "joins": N_("one row per pair of customers"),
    "rates": N_("one row per exchange rate"),
    "orders": N_("one row per order"),
    "order-lines": N_("one row per order line"),
    "invoices": N_("one row per invoice"),
    "activities": N_("one row per activity"),
    "complaints": N_("one row per complaint"),
    "gifts": N_("one row per gift"),
    "surveys": N_("one row per answer to a satisfaction survey"),
    "contact-persons": N_("one row per contact person"),
    "customer-profiles": N_("one row per customer"),
    "facts": N_("one row per fact"),
    "people": N_("one row per person"),
    "teams": N_("one row per team"),
}
_ROWS_ARE_PARTS = {
    "orders": N_("one row per order line: %(header)s repeats"),
    "invoices": N_("one row per invoice line: %(header)s repeats"),
    "customers": N_("several rows per customer: %(header)s repeats"),
}


def profile_file(
    database: Database | None, *, path: Path, clock: Clock, options: ImportOptions, kind: str | None = None
) -> FileProfile:
    """Say what a file is and which command imports it; nothing is stored. Without a database, the book is empty.

    `options` are those that are decided already; `kind` in place of the guessed one. Raises BadInput for a file that
    nobody can guess.
    """
    if kind is not None and kind not in KINDS:
        raise BadInput(
            N_("%(kind)s is not something to import; use one of %(kinds)s."),
            kind=kind,
            kinds=", ".join(KINDS),
        )
    file = inspect_file(path, options.encoding, headers_of_all_kinds())
    sample = take(file, options.delimiter, options.header_line)
    with _book(database) as book:
        with imports.workspace(book) as connection, connection.begin():
            known = imports.find_sources(connection)
            options = replace(options, source=spelled_as_known(options.source, known))
            guesser = Guesser(sample=sample, connection=connection, options=options, now=clock.now())
            guess, others = _choose(guesser, kind, options.source)
            customers = connection.execute(select(func.count()).select_from(table(Customer))).scalar_one()
        return _Profile(
            book=book,
            path=path,
            clock=clock,
            given=options,
            sample=sample,
            guess=guess,
            others=others,
            customers=customers,
            temporary=database is None,
        ).run()


@contextmanager
def _book(database: Database | None) -> Iterator[Database]:
    """The database or, without one, an empty temporary one."""
    if database is not None:
        yield database
        return
    with tempfile.TemporaryDirectory(prefix="tierbot-profile-") as folder:
        temporary = open_database(f"sqlite:///{folder}/book.db")
        try:
            schema.upgrade(temporary)
            yield temporary
        finally:
            temporary.close()


def _choose(guesser: Guesser, kind: str | None, source: str) -> tuple[Guess, tuple[str, ...]]:
    """The guess to go on with, and other kinds that are nearly as likely."""
    ranked = guesser.rank()
    best = ranked[0]
    orders = next(one for one in ranked if one.kind == "orders")
    if best.kind == "order-lines" and orders.complete and orders.score >= _CLOSE * best.score:
        best = orders  # lines with customer and date are orders first: lines refer to orders in the book
    if kind is None and not best.likely:
        raise BadInput(
            N_(
                "%(file)s is like no kind of file that can be imported; its columns are: %(columns)s. If you know what it"
                " is, say so: --kind KIND, one of %(kinds)s."
            ),
            file=guesser.sample.file.path.name,
            columns=", ".join(name for name in guesser.sample.header[:30] if name),
            kinds=", ".join(KINDS),
        )
    chosen = kind or best.kind
    remembered = imports.find_mapping(guesser.connection, source, chosen)
    others = tuple(
        one.kind
        for one in ranked
        if one.kind != chosen and one.complete and one.likely and one.score >= _CLOSE * best.score
    )
    return guesser.guess(chosen, remembered), others


@dataclass(frozen=True, kw_only=True)
class _Profile:
    """The steps of one profile, and what they share."""

    book: Database
    path: Path
    clock: Clock
    given: ImportOptions
    sample: Sample
    guess: Guess
    others: tuple[str, ...]
    customers: int  # in the book
    temporary: bool

    @property
    def kind(self) -> type[FileKind]:
        return KINDS[self.guess.kind]

    @property
    def _creates(self) -> bool:
        """Whether the kind can create the customers that it names."""
        return CREATE_CUSTOMERS in self.kind.options

    def run(self) -> FileProfile:
        options = self._read_options()
        choices = [*self._column_choices()]
        money = currency.look(self.book, self.kind, self.guess, self.sample, self.given)
        if money.choice is not None:
            choices.append(money.choice)
        totals, report, problem = Totals(), None, None
        first: list[str] = []
        if self.guess.complete:
            first = self._prepare(options, choices)
            totals, report, problem = DryRun(
                book=self.book,
                path=self.path,
                clock=self.clock,
                kind=self.kind,
                sample=self.sample,
            ).answer(options, choices)
        if totals.unknown and not self.customers:
            options = apply(options, {CREATE_CUSTOMERS.name: True})
        elif totals.unknown:
            choices.append(self._unknown_customers(totals))
        return FileProfile(
            path=self.path,
            kind=self.guess.kind,
            others=self.others,
            grain=self._grain(),
            encoding=self.sample.file.encoding.removesuffix("-sig"),
            delimiter=DELIMITERS.get(self.sample.delimiter, self.sample.delimiter),
            header_line=self.sample.file.header_line,
            columns=tuple(self._used_columns(report)),
            ignored=self._ignored(report),
            missing=self.guess.missing,
            currency=money.found,
            totals=totals,
            report=report,
            problem=problem,
            choices=tuple(choices),
            first=tuple(first),
            command=words(self.guess.kind, self.path, self._proposed(options, choices)),
        )

    def _unknown_customers(self, totals: Totals) -> OpenChoice:
        """Unknown customers in a book that has some may be these by another code."""
        return OpenChoice(
            about=(
                Phrase(
                    N_(
                        "Customers that are not in the book: %(unknown)s of %(named)s; the book has %(known)s. If they are in it by other codes, map the column of these codes instead"
                    ),
                    unknown=f"{totals.unknown:,}",
                    named=f"{totals.customers:,}",
                    known=f"{self.customers:,}",
                )
            ),
            alternatives=(
                Alternative(
                    options={CREATE_CUSTOMERS.name: True},
                    meaning=Phrase(N_("a customer is made of each unknown code")),
                ),
            ),
        )

    def _read_options(self) -> ImportOptions:
        """What was given, with the separator and the columns that an import would not find by itself."""
        mapped = dict(self.given.columns)
        for name, found in self.guess.columns.items():
            if found.how in ("known", "guess") or (found.how == "header" and found.others):
                mapped[name] = self.sample.header[found.place]
        delimiter, line = needed_reading(self.sample, self.guess.kind, mapped.values())
        delimiter = self.given.delimiter or delimiter
        return replace(
            self.given,
            columns=mapped,
            delimiter=delimiter and DELIMITERS.get(delimiter, delimiter),
            header_line=self.given.header_line or line,
        )

    def _column_choices(self) -> Iterator[OpenChoice]:
        """The fields for which there are several columns."""
        header = self.sample.header
        for name, found in self.guess.columns.items():
            if not found.others or found.how in ("given", "remembered"):
                continue
            places = (found.place, *found.others)
            shown = [", ".join(self.sample.distinct(place, _EXAMPLES)) for place in places]
            yield OpenChoice(
                about=Phrase(N_("Which column is %(field)s?"), field=name),
                alternatives=tuple(
                    Alternative(
                        options={"columns": {name: header[place]}},
                        meaning=Phrase(N_("its values: %(such)s"), such=example),
                    )
                    for place, example in zip(places, shown, strict=True)
                ),
                evident=0,
            )

    def _prepare(self, options: ImportOptions, choices: list[OpenChoice]) -> list[str]:
        """What must be in place before; a temporary book gets stand-ins for it, so that rows are read as later."""
        first: list[str] = []
        tried = tried_with(options, choices)
        if money := currency.without_rate(self.book, self.guess, self.sample, tried):
            first.append(
                Phrase(
                    N_("%(command)s, with rates from %(currencies)s to %(firm)s"),
                    command="tierbot import rates FILE",
                    currencies=", ".join(money),
                    firm=tried.firm_currency,
                )
            )
        if self.kind is RateKind and self.given.firm_currency is None:
            first.append(Phrase(N_("set %(setting)s to the firm's currency"), setting="TIERBOT_CURRENCY"))
        if self.kind is OrderLineKind and self.temporary:
            first.append(
                Phrase(
                    N_("%(command)s, with the orders of these lines"), command="tierbot import orders FILE"
                )
            )
            column = self.guess.columns.get("currency")
            kept = self.sample.distinct(column.place, 1) if column else []
            standins.fill_orders(
                self.book,
                standins.values_of(self.sample, self.guess, "order_no"),
                source=options.source,
                currency=(kept or [tried.currency or UNKNOWN])[0],
                now=self.clock.now(),
            )
        elif "customer" in self.guess.columns and not self._creates and not self.customers:
            first.append(
                Phrase(
                    N_("%(command)s, with the customers that it names"),
                    command="tierbot import customers FILE",
                )
            )
            if self.temporary:
                named = [name for name in ("customer", "into") if name in self.guess.columns]
                codes = {code for name in named for code in standins.values_of(self.sample, self.guess, name)}
                standins.fill_customers(self.book, sorted(codes), self.clock.now())
        return first

    def _proposed(self, options: ImportOptions, choices: list[OpenChoice]) -> ImportOptions:
        """The options of the command: what is evident, and words to replace for what is not."""
        for name in self.guess.missing:
            options = apply(options, {"columns": {name: "COLUMN"}})
        for choice in choices:
            if choice.evident is not None:
                options = apply(options, choice.alternatives[choice.evident].options)
            elif choice.placeholder is not None:
                option, word = choice.placeholder
                options = apply(options, {option: word})
        return options

    def _grain(self) -> str:
        """What a row is."""
        kind, key = self.guess.kind, self.guess.columns.get(self.kind.key_field)
        if kind in _ROWS_ARE_PARTS and key and self.sample.repeats(key.place):
            return Phrase(_ROWS_ARE_PARTS[kind], header=self.sample.header[key.place])
        return Phrase(_ROWS_ARE[kind])

    def _used_columns(self, report: ImportReport | None) -> Iterator[UsedColumn]:
        place_of = {header: place for place, header in enumerate(self.sample.header)}
        if report is None:
            for name, found in self.guess.columns.items():
                yield self._used(name, found.place)
        else:
            for name, header in report.columns.items():
                yield self._used(name, place_of[header])

    def _used(self, name: str, place: int) -> UsedColumn:
        found = self.guess.columns.get(name)
        return UsedColumn(
            field=name,
            header=self.sample.header[place],
            how=found.how if found and found.place == place else "header",
            examples=tuple(self.sample.distinct(place, _EXAMPLES)),
        )

    def _ignored(self, report: ImportReport | None) -> Mapping[str, tuple[str, ...]]:
        used = {one.header for one in self._used_columns(report)}
        return {
            header: tuple(self.sample.distinct(place, _EXAMPLES))
            for place, header in enumerate(self.sample.header)
            if header and header not in used
        }
