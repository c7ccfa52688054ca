"""A check of Slack for the doctor: whether it takes the token, what the bot may do, and what time it is there."""

import re

from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.clock import Clock
from bot.errors import N_, Phrase
from bot.services.ops.connection import OTHER_APP, TOKEN_REFUSALS, UNREACHABLE
from bot.services.ops.doctor import Slack
from bot.settings import Settings
from bot.slack.answers import ACCOUNT, error_code, header, slack_time
from bot.slack.gateway import web_client
from bot.slack.manifest import EVENTS, OPTIONAL_SCOPES, SCOPES


def probe(settings: Settings, clock: Clock) -> Slack:
    """Call auth.test once, and with an app token bots.info and apps.connections.open: its ticket is not used."""
    if settings.slack_bot_token is None:
        return Slack(error=Phrase(N_("%(setting)s is not set"), setting="SLACK_BOT_TOKEN"))
    try:
        response = web_client(settings, reading=True).auth_test()
    except SlackApiError as error:
        code = error_code(error)
        if code in TOKEN_REFUSALS:
            return Slack(error=code)
        return Slack(
            error=code, remedy=Phrase(ACCOUNT.get(code, N_("Slack has trouble of its own: try again later")))
        )
    except (SlackRequestError, OSError) as error:
        return Slack(
            error=Phrase(
                N_("cannot be reached: %(reason)s"),
                reason=getattr(error, "reason", None) or type(error).__name__,
            )
        )
    scopes, then = header(response, "x-oauth-scopes").split(","), slack_time(response)
    return Slack(
        app_token_error=_app_token_error(settings, str(response.get("bot_id", ""))),
        team=str(response.get("team", "")),
        granted=frozenset(scope.strip() for scope in scopes if scope.strip()),
        wanted=frozenset(SCOPES),
        optional=frozenset(OPTIONAL_SCOPES),
        reasons={**SCOPES, **OPTIONAL_SCOPES},
        events=EVENTS,
        clock_apart=None if then is None else abs(then - clock.now()),
    )


def _app_token_error(settings: Settings, bot_id: str) -> str:
    token = settings.slack_app_token
    if token is None:
        return ""
    try:
        web_client(settings).apps_connections_open(app_token=token.get_secret_value())
    except SlackApiError as error:
        return error_code(error)
    except (SlackRequestError, OSError):
        return UNREACHABLE
    written = re.match(r"xapp-\d+-(A\w+)-", token.get_secret_value())
    own = _app_of(settings, bot_id)
    return OTHER_APP if written and own and written[1] != own else ""


def _app_of(settings: Settings, bot_id: str) -> str:
    """The id of the app that the bot token belongs to; empty where Slack does not say."""
    try:
        return str(web_client(settings, reading=True).bots_info(bot=bot_id)["bot"].get("app_id") or "")
    except (SlackApiError, SlackRequestError, OSError):
        return ""
