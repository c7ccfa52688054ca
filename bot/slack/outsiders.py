"""Presses of people of other companies, in channels that both share: refused before any listener looks at them."""

from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltContext, BoltResponse
from slack_sdk import WebClient

from bot.errors import NotAllowed
from bot.services.identity import OUTSIDER, Installation
from bot.slack.deferred import Deferred, Press


def is_outsider(body: dict[str, Any], installation: Installation) -> bool:
    """Whether a request says that its user is of another team and organisation than the installation."""
    user = body.get("user")
    team = user.get("team_id") if isinstance(user, dict) else body.get("team_id")
    enterprise = body.get("enterprise_id") or (body.get("enterprise") or {}).get("id")
    return bool(team) and not installation.has(team, enterprise)


def refuse_outsiders(app: App, installation: Callable[[], Installation], deferred: Deferred) -> None:
    """Register the check. It only needs the request: who somebody is beyond that, `identity` decides."""

    def refuse(press: Press) -> None:
        raise NotAllowed(OUTSIDER)

    @app.middleware
    def check(
        body: dict[str, Any], context: BoltContext, client: WebClient, next: Callable[[], BoltResponse]
    ) -> BoltResponse | None:
        if "event" in body or not is_outsider(body, installation()):
            return next()
        if body.get("type") == "view_submission":  # a form has no other place for a sentence than its answer
            raise NotAllowed(OUTSIDER)
        deferred.reads.defer(context, Press(body=body, client=client), refuse)
        return BoltResponse(status=200)
