"""`import`: data in from CSV files, and back out."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.console import AsJson, opened, out, print_json, progress_bar, table, whoami
from bot.errors import N_, BadInput

commands = typer.Typer(no_args_is_help=True, help="Bring data in from CSV files, and take it back.")


def _import_command(kind: str) -> Callable[..., None]:
    def bring_in(
        file: Annotated[Path, typer.Argument(help="The CSV file.")],
        source: Annotated[
            str, typer.Option(help="Which system it comes from; keys are unique per source.")
        ] = "file",
        mapped: Annotated[
            list[str] | None,
            typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field."),
        ] = None,
        currency: Annotated[str | None, typer.Option(help="ISO currency, where the file has none.")] = None,
        encoding: Annotated[str | None, typer.Option(help="Encoding, when it cannot be told.")] = None,
        delimiter: Annotated[str | None, typer.Option(help="Separator: comma, semicolon or tab.")] = None,
        date_order: Annotated[Any, typer.Option(help="dmy or mdy, when dates leave it open.")] = None,
        decimal: Annotated[
            Any, typer.Option(help="point or comma, when numbers leave open what 1,234 means.")
        ] = None,
        create_customers: Annotated[
            bool, typer.Option(help="Orders: make a customer of each unknown code.")
        ] = False,
        covers: Annotated[
            list[str] | None,
            typer.Option(
                metavar="KIND=FROM..TO",
                help="Activities: the source has every one of this kind in this period, so that none means none.",
            ),
        ] = None,
        dry_run: Annotated[bool, typer.Option(help="Only show what would happen.")] = False,
        strict: Annotated[bool, typer.Option(help="Exit with 7 when rows were rejected.")] = False,
        as_json: AsJson = False,
    ) -> None:
        from bot.cli import presentation
        from bot.services import imports

        with opened() as bot:
            options = imports.ImportOptions(
                source=source,
                columns=_mapping(mapped or []),
                currency=currency,
                encoding=encoding,
                delimiter={"comma": ",", "semicolon": ";", "tab": "\t"}.get(delimiter or "", delimiter),
                date_order=date_order,
                decimal=decimal,
                dry_run=dry_run,
                create_customers=create_customers,
                firm_currency=bot.settings.currency,
                covers=tuple(covers or ()),
            )
            with progress_bar(f"Importing {kind}") as progress:
                report = imports.import_file(
                    bot.database,
                    kind=kind,
                    path=file,
                    clock=bot.clock,
                    actor=whoami(),
                    options=options,
                    rejects_dir=bot.settings.data_dir / "rejects",
                    progress=progress,
                )
        if as_json:
            print_json(presentation.import_json(report))
        else:
            for line in presentation.import_lines(report):
                out.print(line, markup=False)
        if strict and report.rejected:
            sys.exit(7)

    bring_in.__doc__ = f"Bring in {kind} from a CSV file."
    return bring_in


for _kind in (
    "customers",
    "rates",
    "orders",
    "order-lines",
    "invoices",
    "activities",
    "facts",
    "people",
    "teams",
):
    commands.command(_kind)(_import_command(_kind))


@commands.command("undo")
def import_undo(
    batch: Annotated[int, typer.Argument(help="The import's number; see tierbot import list.")],
) -> None:
    """Take an import back."""
    from bot.services import imports

    with opened() as bot:
        report = imports.undo(bot.database, batch, clock=bot.clock, actor=whoami())
        out.print(
            f"Import {batch} is taken back: {report.removed:,} rows removed, {report.restored:,} restored."
        )


@commands.command("list")
def import_list() -> None:
    """The latest imports."""
    from bot.services import imports

    with opened() as bot:
        rows = [
            [
                str(b.id),
                b.kind,
                b.file_name,
                f"{b.accepted:,}",
                f"{b.rejected:,}",
                b.status,
                f"{b.started_at:%Y-%m-%d %H:%M}",
            ]
            for b in imports.history(bot.database)
        ]
        out.print(table(["number", "kind", "file", "accepted", "rejected", "status", "at (UTC)"], rows))


def _mapping(pairs: list[str]) -> dict[str, str]:
    columns = {}
    for pair in pairs:
        name, separator, column = pair.partition("=")
        if not separator or not name or not column:
            raise BadInput(N_("--map %(pair)s: write it as field=column."), pair=pair)
        columns[name.strip()] = column.strip()
    return columns
