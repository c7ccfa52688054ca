"""`report review-pack`: the review of a customer's quarter as a workbook."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import _, acts, named_actor, opened, say
from bot.cli.output.personal import record_list
from bot.services.ask import lookup
from bot.services.ask.brief import pack
from bot.services.files import write_bytes


@acts
def write_pack(
    name: Annotated[str, typer.Argument(help="Code, name or pinyin, written in full.")],
    quarter: Annotated[str, typer.Option(metavar="QUARTER", help="As 2026Q3.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The .xlsx file to write.")],
) -> None:
    """Write the review of a customer's quarter: tiers, orders, service, contacts, complaints, promises, surveys, what next."""
    wanted = pack.Quarter.read(quarter)
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        content = pack.review_pack(
            bot.database,
            bot.scheme_cache,
            bot.rules,
            actor,
            customer,
            wanted,
            language=bot.settings.language,
            today=bot.today(),
            now=bot.clock.now(),
        )
        record_list(bot, actor, "report review-pack", 1)
        write_bytes(output, content)
    say(_("%(file)s holds the review of %(quarter)s.", file=output, quarter=str(wanted)))
