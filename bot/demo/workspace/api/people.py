"""The methods auth.test, bots.info, apps.connections.open and users.*"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from bot.demo.workspace.api.arguments import page, word
from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.platform import Platform
from bot.demo.workspace.records import APP_ID, BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, Json, User


def test_token(platform: Platform, args: Json) -> Json:
    """auth.test"""
    bot = platform.state.users[BOT_USER_ID]
    return {
        "url": f"{platform.base_url}/",
        "team": TEAM_DOMAIN,
        "user": bot.name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
        **({"enterprise_id": bot.enterprise_id} if bot.enterprise_id else {}),
    }


def bot(platform: Platform, args: Json) -> Json:
    """bots.info"""
    if word(args, "bot", missing="bot_not_found") != BOT_ID:
        raise ApiError("bot_not_found")
    name = platform.state.users[BOT_USER_ID].name
    return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER_ID, "name": name, "deleted": False}}


def open_connection(platform: Platform, args: Json) -> Json:
    """apps.connections.open"""
    address = platform.base_url.replace("http://", "ws://", 1)
    return {"url": f"{address}/link/?ticket={platform.tickets.new_socket()}"}


def _user_json(platform: Platform, user: User) -> Json:
    """A person in Slack's format; the e-mail only with its scope."""
    profile: Json = {
        "real_name": user.real_name,
        "display_name": user.name,
        "title": user.title,
        "team": user.team_id,
    }
    if user.email and "users:read.email" in platform.scopes:
        profile["email"] = user.email
    answer: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
    }
    if user.tz:
        offset = platform.state.now().astimezone(ZoneInfo(user.tz)).utcoffset()
        answer |= {
            "tz": user.tz,
            "tz_label": user.tz,
            "tz_offset": int(offset.total_seconds()) if offset else 0,
        }
    if user.enterprise_id:
        answer["enterprise_user"] = {"id": user.id, "enterprise_id": user.enterprise_id}
    if user.is_bot:
        profile["bot_id"] = BOT_ID
    return answer


def _with_locale(answer: Json, user: User, args: Json) -> Json:
    """The answer with the locale, if that is asked for; users.lookupByEmail cannot be asked for it."""
    asked = str(args.get("include_locale", "")).lower() in ("true", "1")
    return answer | ({"locale": user.locale} if asked else {})


def info(platform: Platform, args: Json) -> Json:
    """users.info"""
    user = platform.state.user(word(args, "user", missing="user_not_found"))
    return {"user": _with_locale(_user_json(platform, user), user, args)}


def list_all(platform: Platform, args: Json) -> Json:
    """users.list"""
    entries, cursor = page(list(platform.state.users.values()), args)
    members = [_with_locale(_user_json(platform, user), user, args) for user in entries]
    return {"members": members, "response_metadata": {"next_cursor": cursor}}


def find_by_email(platform: Platform, args: Json) -> Json:
    """users.lookupByEmail"""
    wanted = word(args, "email").strip().lower()
    for user in platform.state.users.values():
        if user.email and user.email.lower() == wanted and not user.deleted:
            return {"user": _user_json(platform, user)}
    raise ApiError("users_not_found")
