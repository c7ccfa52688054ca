"""What Slack says of people, and to which workspace the bot token belongs."""

from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.services.identity import Installation, SlackProfile

NOBODY = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
GUESTS = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot")


class SlackUsers:
    """Looks people up; a method raises when Slack does not answer."""

    def __init__(self, reading: WebClient) -> None:
        self._reading = reading
        self._installation: Installation | None = None

    def installation(self) -> Installation:
        """Whose token the bot has, asked once."""
        if self._installation is None:
            answer = self._reading.auth_test()
            self._installation = Installation(
                team_id=str(answer["team_id"]), enterprise_id=answer.get("enterprise_id") or None
            )
        return self._installation

    def profile(self, user_id: str) -> SlackProfile | None:
        """A user by id; None when Slack shows none."""
        return _profile(self._reading.users_info, user=user_id, include_locale=True)

    def profile_by_email(self, email: str) -> SlackProfile | None:
        """The same by e-mail address; asked a second time, because only users.info gives the locale."""
        found = _profile(self._reading.users_lookupByEmail, email=email)
        return None if found is None else self.profile(found.user_id)


def _profile(call: Callable[..., SlackResponse], **which: Any) -> SlackProfile | None:
    try:
        user = call(**which)["user"]
    except SlackApiError as error:
        if error.response.get("error") in NOBODY:
            return None
        raise
    details = user.get("profile", {})
    return SlackProfile(
        user_id=user["id"],
        team_id=user.get("team_id"),
        enterprise_id=(user.get("enterprise_user") or {}).get("enterprise_id"),
        email=details.get("email"),
        name=user.get("real_name") or details.get("real_name") or user.get("name", ""),
        timezone=user.get("tz"),
        locale=user.get("locale"),
        is_guest=any(user.get(mark) for mark in GUESTS),
        is_deleted=bool(user.get("deleted")),
    )
