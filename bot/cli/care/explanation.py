"""`care explain`: why each step of a customer is due or not, and what became of it."""

from dataclasses import asdict
from typing import Annotated

import typer

from bot.cli.console import AsJson, acts, named_actor, opened, print_json
from bot.cli.output import care_explained, care_service
from bot.services.ask import lookup
from bot.services.care.service import promised
from bot.services.care.views import explanation


@acts
def explain_care(
    name: Annotated[str, typer.Argument(help="The customer's code or name, written in full.")],
    as_json: AsJson = False,
) -> None:
    """Every care step of a customer: why it is owed, its clock, what was sent to whom when, and why others are not due."""
    with opened() as bot:
        actor = named_actor(bot)
        customer = lookup.one(bot.database, actor, name)
        with bot.database.read() as session:
            found = explanation.explain(session, actor, bot.rules_in(session), customer, bot.clock.now())
            promise = promised.promise_to(session, bot.scheme_cache, customer)
        if as_json:
            terms = [asdict(term) for term in promise.terms] if promise else []
            print_json(care_explained.as_json(found) | {"promised": terms})
            return
        care_explained.show(found)
        care_service.say_promise(bot, promise)
