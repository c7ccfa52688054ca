"""`care calendar`: the link under which calendar programs read a person's care steps."""

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.console import AsJson, _, acts, named_actor, opened, print_json, say
from bot.services.care.calendar import links


class LinkAct(StrEnum):
    """What to do with the link of a calendar."""

    LINK = "link"
    REVOKE = "revoke"


@acts
def change_link(
    what: Annotated[
        LinkAct, typer.Argument(help="link: make a new one, and end the one before. revoke: end it.")
    ],
    person: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Whose calendar; without it, that of the person who acts."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make or revoke the private link under which a calendar program shows a person's care steps."""
    with opened() as bot:
        actor, now = named_actor(bot), bot.clock.now()
        if what is LinkAct.REVOKE:
            name = links.revoke(bot.database, actor, person, settings=bot.settings, now=now)
            if as_json:
                print_json({"person": name, "state": "revoked"})
            else:
                say(_("The calendar link of %(name)s opens nothing any more.", name=name))
            return
        made = links.link(bot.database, actor, person, settings=bot.settings, now=now)
    if as_json:
        print_json(vars(made))
        return
    say(
        _("The calendar of %(name)s, to subscribe to in a calendar program:", name=made.person),
        made.url,
        _("Whoever has this address reads it. It is shown only once; a new link ends this one."),
    )
    if made.replaced:
        say(_("The link before opens nothing any more."))
