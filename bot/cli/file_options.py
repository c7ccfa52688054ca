"""The options that say how a file is read, shared by the commands that read one."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from bot.cli.console import columns_of
from bot.services.imports.report import ImportOptions

_SHARED: dict[str, Any] = {
    "mapped": Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field."),
    ],
    "encoding": Annotated[str | None, typer.Option(help="Encoding, when it cannot be told.")],
    "delimiter": Annotated[str | None, typer.Option(help="Separator: comma, semicolon or tab.")],
    "header_line": Annotated[
        int | None,
        typer.Option("--header-line", metavar="LINE", min=1, help="The line of the header, below titles."),
    ],
    "date_order": Annotated[Any, typer.Option(help="dmy or mdy, when dates leave it open; ymd for 26/3/5.")],
    "century": Annotated[
        int | None,
        typer.Option(
            metavar="YEAR", help="First of the hundred years that years of two digits are from: 2000."
        ),
    ],
    "decimal": Annotated[
        Any, typer.Option("--decimal", help="point or comma, when numbers leave open what 1,234 means.")
    ],
    "accepted": Annotated[
        list[str] | None,
        typer.Option("--yes", metavar="FINDING", help="Accept what the file check asks."),
    ],
}


def reads_file(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options in the place of its parameter `reading`, which gets them as ImportOptions."""

    @wraps(command)
    def with_options(*args: Any, **given: Any) -> None:
        shared = {name: given.pop(name) for name in _SHARED}
        mapped, accepted = shared.pop("mapped"), shared.pop("accepted")
        reading = ImportOptions(columns=columns_of(mapped or []), accepted=tuple(accepted or ()), **shared)
        command(*args, reading=reading, **given)

    signature = inspect.signature(command)
    parameters: list[inspect.Parameter] = []
    for one in signature.parameters.values():
        if one.name != "reading":
            parameters.append(one)
            continue
        parameters += (
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for name, annotation in _SHARED.items()
        )
    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return with_options
