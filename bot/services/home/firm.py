"""The part of the Home tab for those who run the installation: its health, the newest imports, the schemes."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from bot.clock import local_date
from bot.errors import translated
from bot.services import access
from bot.services.access import FIRM, Act, Actor
from bot.services.ops import doctor
from bot.services.ops.storage import Finding
from bot.services.schemes import status
from bot.settings import Settings
from bot.wording import catalogue
from bot.wording.ask.home import HealthLine, HomeFirm, HomeHealth, ImportLine, SchemeLine
from db.book import imports
from db.book.imports import ImportStatus

MOST_IMPORTS = 5
MOST_FINDINGS = 8
MOST_SCHEMES = 8


def firm_of(session: Session, actor: Actor, settings: Settings, now: datetime) -> HomeFirm | None:
    """What of the installation the actor may see; None for who may see nothing of it."""
    today = local_date(now, settings.zone)
    health = imported = graded = None
    if access.can(actor, Act.OPERATE, FIRM):
        noted = [one for one in doctor.running(session, settings, now) if one.level != "ok"]
        health = lines_of(noted[:MOST_FINDINGS], actor.language)
    if access.can(actor, Act.IMPORT, FIRM):
        imported = tuple(
            ImportLine(
                number=one.id or 0,
                kind=one.kind,
                file=one.file_name,
                rows=one.rows,
                rejected=one.rejected,
                day=local_date(one.published_at, settings.zone),
                undone=one.status == ImportStatus.UNDONE,
            )
            for one in imports.newest_batches(session, MOST_IMPORTS)
        )
    if access.can(actor, Act.DECIDE_SCHEMES, FIRM):
        lives = [one for one in status.all_lives(session, today) if one.state in status.LIVE]
        lives.sort(key=lambda one: (one.purpose, one.state != "in_force", one.name))
        graded = tuple(
            SchemeLine(
                scheme=one.name,
                version=one.version,
                purpose=one.purpose,
                state=one.state,
                since=one.effective_from,
            )
            for one in lives[:MOST_SCHEMES]
        )
    found = HomeFirm(health=health, imports=imported, schemes=graded)
    return None if found == HomeFirm() else found


def health_of(findings: Iterable[Finding], actor: Actor) -> HomeHealth:
    """All that the doctor has found. Raises NotAllowed."""
    access.require(actor, Act.OPERATE)
    worst_first = sorted(findings, key=lambda one: ("problem", "note", "ok").index(one.level))
    return HomeHealth(health=lines_of(worst_first, actor.language))


def lines_of(findings: Iterable[Finding], language: str) -> tuple[HealthLine, ...]:
    """Findings in the words of a reader."""
    words = catalogue.of_reader(language)
    return tuple(
        HealthLine(
            level=one.level,
            about=one.about,
            found=str(translated(one.found, words)),
            remedy=str(translated(one.remedy, words)),
        )
        for one in findings
    )
