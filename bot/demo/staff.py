"""The colleagues and teams of the demo: in the book's files and, by their e-mail, in the local workspace."""

from typing import NamedTuple


class DemoPerson(NamedTuple):
    """A colleague; the e-mail is the key of the book's person and of the workspace's user."""

    email: str
    name: str
    role: str
    team: str
    language: str
    timezone: str


class DemoTeam(NamedTuple):
    """A team and the channel that gets its alerts."""

    name: str
    lead: str
    channel: str
    language: str


_KEY_ACCOUNTS, _EAST_CHINA = "Key Accounts", "华东大客户部"


def _colleague(login: str, name: str, role: str, team: str, timezone: str) -> DemoPerson:
    language = "zh" if team == _EAST_CHINA else "en"
    return DemoPerson(f"{login}@example.com", name, role, team, language, timezone)


OMAR = _colleague("omar.haddad", "Omar Haddad", "team_lead", _KEY_ACCOUNTS, "Europe/London")
ANNA = _colleague("anna.schmidt", "Anna Schmidt", "account_manager", _KEY_ACCOUNTS, "Europe/Berlin")
JULIA = _colleague("julia.brandt", "Julia Brandt", "account_manager", _KEY_ACCOUNTS, "Europe/Berlin")
GRACE = _colleague("grace.chen", "Grace Chen 陈静", "admin", _EAST_CHINA, "Asia/Shanghai")
LIN = _colleague("lin.wei", "Lin Wei 林薇", "account_manager", _EAST_CHINA, "Asia/Shanghai")
ZHOU = _colleague("zhou.yu", "Zhou Yu 周宇", "account_manager", _EAST_CHINA, "Asia/Shanghai")
STAFF = (OMAR, ANNA, JULIA, GRACE, LIN, ZHOU)
TEAMS = (
    DemoTeam(_KEY_ACCOUNTS, OMAR.email, "#managers", "en"),
    DemoTeam(_EAST_CHINA, GRACE.email, "#managers", "zh"),
)
