"""People who use the bot, and their teams."""

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import Boolean, Integer, String, exists, func, literal, select

from bot.errors import N_, Phrase
from bot.services.access import Act
from bot.services.imports.check.findings import FindingType, Level
from bot.services.imports.job import Chunk, ImportJob
from bot.services.imports.kind import Counts, UpsertKind, WrittenTable
from bot.services.imports.layout.columns import FileField
from bot.services.imports.read import text
from bot.services.imports.read.cells.word_lists import NOTHING_BUT_NA, NOTHING_IN_NAMES
from bot.services.imports.read.ends import Ends
from bot.services.imports.references import find_person
from bot.working_days.checks import OF_PERSON
from db.book.imports import table
from db.book.people import Person, Team

_team, _person = table(Team), table(Person)
_LANGUAGE = FileField(
    name="language", synonyms="lang, 语言, Sprache", read=lambda job, name: text.choice(text.LANGUAGES)
)

LEAVE_LATER = FindingType(
    name="people-leave-later",
    level=Level.NOTE,
    sentence=N_(
        "People who leave on a later day: %(count)d (line %(line)d: %(day)s). They stay active until the file is imported"
        " again on that day or after it."
    ),
)


class PeopleKind(UpsertKind):
    """Upserts on the e-mail address. A team that is unknown yet is created by its name, so people can come first."""

    name = "people"
    right = Act.MANAGE_PEOPLE
    key_field = "email"
    fields = (
        FileField(
            name="email",
            synonyms="e-mail, mail, email address, 邮箱, 电子邮箱, 邮件, 电子邮件, E-Mail-Adresse, Mailadresse",
            required=True,
            unique=True,
            read=lambda job, name: text.email,
            column="key",
        ),
        FileField(
            name="name",
            synonyms="full name, person, 姓名, 名字, 员工姓名, Vollständiger Name, Mitarbeiter",
            nothing=NOTHING_IN_NAMES,
            required=True,
        ),
        FileField(
            name="role",
            synonyms="position, 角色, 职位, 岗位, 权限, Rolle, Funktion",
            read=lambda job, name: text.choice(text.ROLES),
        ),
        FileField(
            name="team",
            synonyms="team name, group, department, 团队, 小组, 部门, 所属团队, Gruppe, Abteilung",
            nothing=NOTHING_BUT_NA,
        ),
        _LANGUAGE,
        FileField(
            name="timezone",
            synonyms="time zone, tz, 时区, Zeitzone",
            read=lambda job, name: text.timezone,
        ),
        FileField(
            name="active",
            synonyms="is active, status, enabled, account enabled, is enabled, account status, employment status, "
            "在职, 状态, 启用, 是否在职, 是否启用, 账号状态, 在职状态, Aktiv, Konto aktiv",
            read=lambda job, name: text.yes_no,
        ),
        FileField(
            name="ended",
            synonyms="suspended, is suspended, disabled, is disabled, deactivated, locked, account locked, locked out, "
            "terminated, termination date, exit date, last day, last working day, leaving date, left on, date left, "
            "离职, 是否离职, 已离职, 离职日期, 离职时间, 停用, 是否停用, 禁用, 是否禁用, 锁定, 最后工作日, "
            "Austritt, Austrittsdatum, ausgeschieden, ausgeschieden am, deaktiviert, gesperrt, letzter Arbeitstag",
            read=lambda job, name: Ends(days=job.days(name)),
        ),
        FileField(
            name="country",
            synonyms="country code, work country, holiday country, location country, 国家, 国家代码, 工作国家, 节假日国家, "
            "Land, Arbeitsland",
            read=lambda job, name: text.checked(OF_PERSON[name]),
        ),
        FileField(
            name="working_days",
            synonyms="work days, work week, 工作日, 上班日, 每周工作日, Arbeitstage",
            read=lambda job, name: text.checked(OF_PERSON[name]),
        ),
        FileField(
            name="works_from",
            synonyms="working hours from, working time from, 上班时间, Arbeitszeit von",
            read=lambda job, name: text.checked(OF_PERSON[name]),
        ),
        FileField(
            name="works_until",
            synonyms="working hours until, working time until, 下班时间, Arbeitszeit bis",
            read=lambda job, name: text.checked(OF_PERSON[name]),
        ),
    )
    staged: ClassVar = {
        **dict.fromkeys(("name", "role", "team", "language", "timezone", *OF_PERSON), String),
        "active": Boolean,
    }
    writes = (
        WrittenTable(table=_person, called=N_("people"), pointers=(_team.c.lead_id,)),
        WrittenTable(table=_team, called=N_("teams"), counted=False),
    )

    def prepare(self, job: ImportJob) -> None:
        self._today = job.today.isoformat()
        self._ending_later: list[tuple[int, str]] = []

    def resolve(self, job: ImportJob, chunk: Chunk) -> None:
        """Let nobody be active who has left, or is suspended, and refuse hours of no length."""
        self._refuse_no_hours(job, chunk)
        active = chunk.values["active"]
        for row, ended in enumerate(chunk.values["ended"]):
            if isinstance(ended, str) and ended > self._today:
                self._ending_later.append((chunk.lines[row], ended))
            elif isinstance(ended, str) or ended is True:
                active[row] = False
            elif ended is False and active[row] is None:
                active[row] = True

    def _refuse_no_hours(self, job: ImportJob, chunk: Chunk) -> None:
        """Refuse hours that end when they begin; where a row has only one of the two, the other is that of the book."""
        emails, given = chunk.values["email"], [chunk.values[name] for name in ("works_from", "works_until")]
        hours = list(zip(*given, strict=True))
        halves = [
            email
            for email, both in zip(emails, hours, strict=True)
            if both.count(None) == 1 and isinstance(email, str)
        ]
        known: dict[Any, tuple[str | None, str | None]] = {}
        if halves:
            columns = (_person.c.email, _person.c.works_from, _person.c.works_until)
            rows = job.connection.execute(select(*columns).where(_person.c.email.in_(halves)))
            known = {email: (begins, ends) for email, begins, ends in rows}
        for row, (email, both) in enumerate(zip(emails, hours, strict=True)):
            begins, ends = (
                one or before for one, before in zip(both, known.get(email, (None, None)), strict=True)
            )
            if any(both) and begins is not None and begins == ends:
                chunk.refuse(
                    row,
                    "works_until" if both[1] else "works_from",
                    Phrase(N_("makes the working hours end when they begin; give another time")),
                )

    def check(self, job: ImportJob) -> None:
        super().check(job)
        if self._ending_later:
            line, day = min(self._ending_later)
            job.findings.add(LEAVE_LATER, count=len(self._ending_later), line=line, day=day)

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"email": self.stage.c.key}

    def columns(self, job: ImportJob) -> Mapping[str, Any]:
        team = select(_team.c.id).where(_team.c.name == self.stage.c.team)
        return {"team_id": team.scalar_subquery(), **super().columns(job)}

    def defaults(self, job: ImportJob) -> Mapping[str, Any]:
        stage = self.stage.c
        return {
            "role": func.coalesce(stage.role, "viewer"),
            "active": func.coalesce(stage.active, literal(True)),
        }

    def publish(self, job: ImportJob, batch_id: int) -> Counts:
        team = self.stage.c.team
        known = exists(select(1).where(_team.c.name == team))
        new = select(team, literal(batch_id)).where(team.is_not(None), ~known).distinct()
        job.connection.execute(_team.insert().from_select(["name", "batch_id"], new))
        return super().publish(job, batch_id)


class TeamKind(UpsertKind):
    """Upserts on the name."""

    name = "teams"
    right = Act.MANAGE_PEOPLE
    key_field = "name"
    fields = (
        FileField(
            name="name",
            synonyms="team, team name, 名称, 团队, 团队名称, 部门, 小组, Teamname, Bezeichnung, Abteilung, Gruppe",
            nothing=NOTHING_BUT_NA,
            required=True,
            unique=True,
            column="key",
        ),
        FileField(
            name="lead",
            synonyms="lead email, leader, manager, 主管, 负责人, 组长, 主管邮箱, 负责人邮箱, "
            "Teamleiter, Teamleitung, Leiter, Leitung",
            read=find_person,
            column="lead_id",
        ),
        FileField(
            name="channel",
            synonyms="slack channel, 频道, 通知频道, Slack频道, Kanal, Slack-Kanal",
            read=lambda job, name: text.slack_channel,
        ),
        _LANGUAGE,
    )
    staged: ClassVar = {"lead_id": Integer, "channel": String, "language": String}
    writes = (WrittenTable(table=_team, called=N_("teams")),)

    def identity(self, job: ImportJob) -> Mapping[str, Any]:
        return {"name": self.stage.c.key}
