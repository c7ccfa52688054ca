"""The people and channels of a workspace that nobody has filled otherwise."""

from __future__ import annotations

from bot.demo.workspace.state.records import BOT_USER_ID, Channel, User

LIN_WEI = User(
    id="U0LINWEI",
    name="lin.wei",
    real_name="林薇 Lin Wei",
    email="lin.wei@example.com",
    tz="Asia/Shanghai",
    locale="zh-CN",
    title="客户经理 Account manager",
)
ANNA_SCHMIDT = User(
    id="U0ANNA",
    name="anna.schmidt",
    real_name="Anna Schmidt",
    email="anna.schmidt@example.com",
    tz="Europe/Berlin",
    locale="en-GB",
    title="Account manager",
)
OMAR_HADDAD = User(
    id="U0OMAR",
    name="omar.haddad",
    real_name="Omar Haddad",
    email="omar.haddad@example.com",
    tz="Europe/London",
    locale="en-GB",
    title="Sales manager",
)
GRACE_CHEN = User(
    id="U0GRACE",
    name="grace.chen",
    real_name="Grace Chen 陈静",
    email="grace.chen@example.com",
    tz="Asia/Shanghai",
    locale="en-US",
    title="Administrator",
    is_admin=True,
)
PEOPLE = (LIN_WEI, ANNA_SCHMIDT, OMAR_HADDAD, GRACE_CHEN)

GENERAL = Channel(id="C0GENERAL", name="general", topic="Everybody")
KEY_ACCOUNTS = Channel(id="C0KEYACCOUNTS", name="key-accounts", topic="Customers we look after together")
MANAGERS = Channel(
    id="C0MANAGERS",
    name="managers",
    topic="Tier changes and what is overdue",
    members=frozenset({OMAR_HADDAD.id, GRACE_CHEN.id, BOT_USER_ID}),
)
CHANNELS = (GENERAL, KEY_ACCOUNTS, MANAGERS)
