"""Dry runs of an import, until what is open is a person's choice."""

from dataclasses import dataclass, replace
from pathlib import Path

from bot.clock import Clock
from bot.errors import BadInput, sentences
from bot.services.imports.check.findings import Level
from bot.services.imports.customer_rows import CREATE_CUSTOMERS
from bot.services.imports.job import ImportJob
from bot.services.imports.kind import FileKind
from bot.services.imports.kinds.rates import RateKind
from bot.services.imports.profile.choices import OpenChoice, apply, choice_of
from bot.services.imports.profile.sample import Sample
from bot.services.imports.profile.totals import UNKNOWN, Totals, add_up
from bot.services.imports.read.date_shapes.written import possible_orders
from bot.services.imports.report import ImportOptions, ImportReport
from bot.services.imports.run import import_file
from db.engine import Database

_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class DryRun:
    """An import that stores nothing."""

    book: Database
    path: Path
    clock: Clock
    kind: type[FileKind]
    sample: Sample

    def answer(
        self, options: ImportOptions, choices: list[OpenChoice]
    ) -> tuple[Totals, ImportReport | None, str | None]:
        """Run it, again after each question that has an alternative; adds those to `choices`. (totals, report, problem)"""
        totals, report, asked = Totals(), None, set[str]()
        for _ in range(_ROUNDS):
            try:
                totals, report = self._run(tried_with(options, choices))
            except BadInput as error:
                if report is None:
                    return totals, None, error.phrase
                break  # the answers that were tried leave nothing to import; a person may give others
            new = [one for one in report.open_findings if one.type.name not in asked]
            # Days that may be others prove no century.
            days_are_open = any(one.type.name == "date-order" for one in new)
            known = Totals() if days_are_open else totals
            answered = [choice for one in new if (choice := choice_of(one, known)) is not None]
            asked.update(one.type.name for one in new)
            if not answered:
                break
            choices += map(self._settle, answered)
        refused = [one for one in report.open_findings if one.level is Level.REFUSAL] if report else []
        parts = [part for one in refused for part in one.parts()]
        return totals, report, sentences(parts) if parts else None

    def _run(self, options: ImportOptions) -> tuple[Totals, ImportReport]:
        found: list[Totals] = []
        if CREATE_CUSTOMERS in self.kind.options:
            options = apply(options, {CREATE_CUSTOMERS.name: True})
        if self.kind is RateKind and options.firm_currency is None:
            options = replace(options, firm_currency=UNKNOWN)

        def look(job: ImportJob, kind: FileKind) -> None:
            found.append(add_up(job, kind))

        report = import_file(
            self.book,
            kind=self.kind.name,
            path=self.path,
            clock=self.clock,
            actor=None,
            options=replace(options, dry_run=True),
            rejects_dir=Path(),
            on_staged=look,
        )
        return found[0], report

    def _settle(self, choice: OpenChoice) -> OpenChoice:
        """Dates that leave their order open are written as those of another column that shows it."""
        orders = self._proven_orders() if choice.finding == "date-order" else set()
        for number, one in enumerate(choice.alternatives):
            if orders == {one.options.get("date_order")}:
                return replace(choice, evident=number)
        return choice

    def _proven_orders(self) -> set[str]:
        """The orders of day, month and year that the columns of dates prove."""
        proven = set[str]()
        for cells in self.sample.columns:
            possible = [orders for cell in set(cells) if (orders := possible_orders(cell)) is not None]
            common = frozenset.intersection(*possible) if possible else frozenset()
            if len(common) == 1:
                proven |= common
        return proven


def tried_with(options: ImportOptions, choices: list[OpenChoice]) -> ImportOptions:
    """The options with an alternative of each choice, evident or not."""
    for choice in choices:
        if choice.tried is not None:
            options = apply(options, choice.tried.options)
    return options
