"""The people and channels of a workspace for which no others are given."""

from __future__ import annotations

from typing import Any

from bot.demo import staff
from bot.demo.workspace.records import BOT_USER_ID, Channel, User


def _user(user_id: str, person: staff.DemoPerson, locale: str, title: str, **fields: Any) -> User:
    name, _, _ = person.email.partition("@")
    known = {"real_name": person.name, "email": person.email, "tz": person.timezone}
    return User(id=user_id, name=name, locale=locale, title=title, **(known | fields))


LIN_WEI = _user("U0LINWEI", staff.LIN, "zh-CN", "客户经理 Account manager", real_name="林薇 Lin Wei")
ANNA_SCHMIDT = _user("U0ANNA", staff.ANNA, "en-GB", "Account manager")
JULIA_BRANDT = _user("U0JULIA", staff.JULIA, "en-GB", "Account manager")
ZHOU_YU = _user("U0ZHOUYU", staff.ZHOU, "zh-CN", "客户经理 Account manager", real_name="周宇 Zhou Yu")
OMAR_HADDAD = _user("U0OMAR", staff.OMAR, "en-GB", "Sales manager")
GRACE_CHEN = _user("U0GRACE", staff.GRACE, "en-US", "Administrator", is_admin=True)
PEOPLE = (LIN_WEI, ANNA_SCHMIDT, OMAR_HADDAD, GRACE_CHEN, JULIA_BRANDT, ZHOU_YU)

GENERAL = Channel(id="C0GENERAL", name="general", topic="Everybody")
KEY_ACCOUNTS = Channel(id="C0KEYACCOUNTS", name="key-accounts", topic="Customers we look after together")
MANAGERS = Channel(
    id="C0MANAGERS",
    name="managers",
    topic="Tier changes and what is overdue",
    members=frozenset({OMAR_HADDAD.id, GRACE_CHEN.id, BOT_USER_ID}),
)
EMERGENCY = Channel(id="C0EMERGENCY", name="vip-emergency", topic="VIP care that stays undone")
CHANNELS = (GENERAL, KEY_ACCOUNTS, MANAGERS, EMERGENCY)
