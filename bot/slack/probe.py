"""One look at Slack for the doctor: does it take the token, what may the bot do, and what time is it there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from slack_sdk.errors import SlackApiError, SlackRequestError

from bot.clock import Clock
from bot.settings import Settings
from bot.slack.gateway import web_client


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What Slack said. `error` is empty when it took the token."""

    error: str = ""
    team: str = ""
    bot: str = ""
    scopes: frozenset[str] = frozenset()
    clock_apart: timedelta | None = None


def probe(settings: Settings, clock: Clock) -> Probe:
    """Ask auth.test once."""
    if settings.slack_bot_token is None:
        return Probe(error="SLACK_BOT_TOKEN is not set")
    try:
        response = web_client(settings, reading=True).auth_test()
    except SlackApiError as error:
        return Probe(error=str(error.response.get("error", "refused")))
    except (SlackRequestError, OSError) as error:
        return Probe(error=f"cannot be reached: {getattr(error, 'reason', None) or type(error).__name__}")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Probe(
        team=str(response.get("team", "")),
        bot=str(response.get("user", "")),
        scopes=frozenset(
            part.strip() for part in str(headers.get("x-oauth-scopes", "")).split(",") if part.strip()
        ),
        clock_apart=_apart(headers.get("date"), clock.now()),
    )


def _apart(date: str | None, now: datetime) -> timedelta | None:
    try:
        return abs(parsedate_to_datetime(date) - now) if date else None
    except ValueError:
        return None
