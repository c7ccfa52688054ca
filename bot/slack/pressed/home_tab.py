"""The Home tab of a person: composed of its parts, and published."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.errors import N_, BotError
from bot.services.home import tab
from bot.slack import blocks, retries
from bot.slack.answers import error_code
from bot.slack.pressed.press import Press
from bot.wording import catalogue
from bot.wording.actions import Action
from bot.wording.ask.home import HomeTop
from bot.wording.message_base import Message
from bot.wording.messages import Problem
from bot.wording.rendering import Renderer, problem_text

if TYPE_CHECKING:
    from bot.slack.dependencies import Dependencies

HOME = "tierbot_home"  # the callback id of the view
MOST_BYTES = 240_000  # of a view; Slack takes 250 kB
TRIES = 3
LONGEST_QUESTION = 300
_CHANGED = "hash_conflict"

log = structlog.get_logger()


def refresh(deps: "Dependencies", press: Press) -> None:
    """Publish a person's tab again after a press in it, in a modal, or after a form; raises nothing."""
    if not (press.in_home or deps.homes.is_known(press.user_id)):
        return
    try:
        publish(deps, press.client, press.user_id, known=press.view.get("hash") if press.in_home else None)
    except Exception as error:  # it is published again when it is opened
        log.warning("home.not_refreshed", error=type(error).__name__)


def publish(deps: "Dependencies", client: WebClient, user_id: str, known: str | None = None) -> None:
    """Publish what a person may see now, in the place of what they see; `known` is the hash of that.

    What somebody else has published meanwhile is replaced only by what was read after it. Raises SlackApiError, OSError.
    """
    home = deps.homes.of(user_id)
    with home.lock:
        expected = home.hash or known
        for _ in range(TRIES):
            view = composed(deps, user_id, home.answered)
            found = _published(client, user_id, view, expected)
            if found is not None:
                home.hash = found
                return
            home.hash = expected = None
        log.warning("home.changed_meanwhile")


def _published(client: WebClient, user_id: str, view: blocks.Block, expected: str | None) -> str | None:
    """The hash of a view that Slack shows now; None where it shows another one than expected."""
    given = {"hash": expected} if expected else {}

    def call() -> str | None:
        try:
            answer = client.views_publish(user_id=user_id, view=view, **given)
        except SlackApiError as error:
            if error_code(error) == _CHANGED:
                return None
            raise
        return str((answer.get("view") or {}).get("hash") or "")

    return retries.persistently(call)


def composed(deps: "Dependencies", user_id: str, answered: Sequence[int] = ()) -> blocks.Block:
    """The view of a person; for who may see nothing a sentence that says why."""
    language: str = deps.settings.language
    try:
        actor = deps.identify(user_id)
        language, now = actor.language, deps.clock.now()
        with deps.bounds.asking(actor), deps.database.read() as session:
            rules = deps.rules_in(session)
            parts = tab.home(session, deps.scheme_cache, rules, actor, deps.settings, now, answered)
            for part in parts:
                deps.bounds.show(actor, part, session=session)
    except BotError as error:
        log.info("home.refused", error=type(error).__name__, msgid=error.msgid)
        parts = (Problem(text=problem_text(error, language)),)
    return home_view(deps.renderer, parts, language)


def home_view(renderer: Renderer, parts: Sequence[Message], language: str) -> blocks.Block:
    """The parts below each other, within what Slack takes: what does not fit is left out, from the last part but one up."""
    made = [_blocks_of(renderer, part, language) for part in parts]
    while not _fits(made) and len(made) > 1:
        del made[-2]
    return {"type": "home", "callback_id": HOME, "blocks": _joined(made)}


def _fits(made: Sequence[Sequence[blocks.Block]]) -> bool:
    joined = _joined(made)
    size = len(json.dumps(joined, ensure_ascii=False).encode())
    return len(joined) <= blocks.MOST_VIEW_BLOCKS and size <= MOST_BYTES


def _joined(made: Sequence[Sequence[blocks.Block]]) -> list[blocks.Block]:
    found: list[blocks.Block] = []
    for part in made:
        found += [{"type": "divider"}, *part] if found else part
    return found


def _blocks_of(renderer: Renderer, part: Message, language: str) -> list[blocks.Block]:
    content: list[blocks.Block] = blocks.payload(renderer, part, language)["blocks"]
    if isinstance(part, HomeTop):
        return [*content[:1], _search(language), *content[1:]]
    return content


def _search(language: str) -> blocks.Block:
    """Where a question is typed. Its id stays the same, so that Slack keeps what is being typed."""
    gettext = catalogue.gettext(language)
    return {
        "type": "input",
        "block_id": "search",
        "dispatch_action": True,
        "optional": True,
        "label": blocks.plain(gettext(N_("Ask")), blocks.LABEL),
        "element": {
            "type": "plain_text_input",
            "action_id": str(Action.HOME_SEARCH),
            "max_length": LONGEST_QUESTION,
            "placeholder": blocks.plain(gettext(N_("A customer or a question, then Enter")), 150),
            "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
        },
    }
