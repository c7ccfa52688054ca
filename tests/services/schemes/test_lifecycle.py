"""Draft, shadow, approved from a day, retired: what grades when, who decided, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.cli.output.presentation import diff_cause, diff_json
from bot.errors import BadInput, Conflict, NotAllowed, NotFound, NotReady
from bot.services.access import Actor
from bot.services.grade import runs
from bot.services.grade.runs import RunReport
from bot.services.schemes import lifecycle, status, store
from bot.services.schemes.status import VersionStatus
from bot.services.schemes.store import SchemeCache, SchemeFile
from bot.services.trial import diff as comparing
from bot.services.trial.diff import SchemeDiff
from db.engine import Database
from db.graded import schemes
from db.graded.runs import GradingRun
from db.graded.schemes import SchemeStep, SchemeVersion
from db.graded.shadows import ShadowMove
from grading.scheme.reader import parse_scheme
from tests import factories

MARCH, APRIL, TODAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 4)
NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
GRACE = Actor(
    person_id=0,
    name="Grace",
    role="admin",
    team_id=None,
    led_teams=frozenset(),
    slack_user_id="U1",
    language="en",
    timezone="UTC",
)
# Version 2 turns the weights around: 0.4 x quality + 0.6 x service.
SECOND = (
    factories.PLAIN_SCHEME.replace("weight: 60", "weight: 41")
    .replace("weight: 40", "weight: 60")
    .replace("weight: 41", "weight: 40")
    .replace("version: 1", "version: 2")
)


def written(text: str = factories.PLAIN_SCHEME) -> SchemeFile:
    return SchemeFile(scheme=parse_scheme(text, source="plain.yaml"), text=text, source="plain.yaml")


def start(database: Database, text: str = factories.PLAIN_SCHEME, as_of: date = MARCH) -> int:
    with database.write() as session:
        return lifecycle.start(session, written(text), GRACE, as_of=as_of, today=TODAY, now=NOW)


def grade(database: Database, as_of: date, told: list[int] | None = None) -> RunReport:
    return runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=as_of,
        today=TODAY,
        now=NOW,
        notify=lambda session, changes, run: len(changes),
    )


def approve(database: Database, day: date, text: str = SECOND, actor: Actor = GRACE) -> VersionStatus:
    return lifecycle.approve(database, actor, written(text), effective_from=day, today=TODAY, now=NOW)


def shadow(database: Database, text: str = SECOND) -> VersionStatus:
    return lifecycle.shadow(database, GRACE, written(text), today=TODAY, now=NOW)


def retire(database: Database, name: str, sure: bool = False) -> VersionStatus:
    return lifecycle.retire(database, GRACE, name, today=TODAY, now=NOW, sure=sure)


def lives(database: Database, folder: Path | None = None, today: date = TODAY) -> dict[int, VersionStatus]:
    return {life.version: life for life in status.listed(database, GRACE, folder, today=today)}


def in_force(database: Database, on: date) -> int | None:
    with database.read() as session:
        held = schemes.in_force(session, "account", on)
        return session.get_one(SchemeVersion, held[0].scheme_version_id).version if held else None


@pytest.fixture
def book(database: Database) -> dict[str, int]:
    """FALLS: 70 under version 1, 60 under version 2. STAYS: 68 and 62. Graded as of the end of March."""
    start(database)
    with database.write() as session:
        found = {}
        for name, quality, service in (("FALLS", 90, 40), ("STAYS", 80, 50)):
            found[name] = factories.customer(session, name, code=name)
            factories.fact(session, found[name], "quality", quality)
            factories.fact(session, found[name], "service", service)
    assert grade(database, MARCH).tiers == {"A": 1, "B": 1}
    return found


# --- one version, one content


def test_a_version_in_use_with_other_content_is_refused_with_the_next_number(
    database: Database, book: dict[str, int]
) -> None:
    other = factories.PLAIN_SCHEME.replace("at: 70", "at: 71")
    with pytest.raises(BadInput, match=r"plain version 1 .* never changes\. Raise version: to 2"):
        approve(database, TODAY, other)
    approve(database, TODAY)
    with pytest.raises(BadInput, match="Raise version: to 3"):
        shadow(database, other)
    with database.read() as session:
        assert len(session.exec(select(SchemeVersion)).all()) == 2


def test_the_same_content_written_otherwise_is_the_same_version(
    database: Database, book: dict[str, int]
) -> None:
    assert start(database, "# a comment\n" + factories.PLAIN_SCHEME, as_of=APRIL) == 1
    assert len(lives(database)) == 1


# --- the first start


def test_a_first_start_may_be_tried_again_with_another_scheme_until_something_is_graded(
    database: Database,
) -> None:
    start(database)
    start(database, SECOND)
    assert in_force(database, MARCH) == 2


def test_once_there_are_gradings_another_version_takes_over_only_by_approval(
    database: Database, book: dict[str, int]
) -> None:
    with pytest.raises(Conflict, match=r"plain@1 grades by now.*tierbot scheme approve"):
        start(database, SECOND, as_of=APRIL)
    assert list(lives(database)) == [1]  # nothing was put down
    start(database, as_of=APRIL)  # the one in force goes on
    with database.read() as session:
        assert len(session.exec(select(SchemeStep)).all()) == 1


def test_a_start_that_cannot_grade_puts_nothing_down(database: Database) -> None:
    with database.write() as session:
        factories.order(session, factories.customer(session), MARCH, 100, currency="EUR")
    with pytest.raises(BadInput, match="counts in CNY"):
        start(database, factories.PLAIN_SCHEME.replace("record_type", "currency: CNY\nrecord_type", 1))
    with pytest.raises(BadInput, match="future"):
        start(database, as_of=TODAY + timedelta(days=1))
    assert lives(database) == {}


# --- approval


def test_an_approved_scheme_grades_from_its_day_and_the_one_before_until_then(
    database: Database, book: dict[str, int]
) -> None:
    life = approve(database, APRIL)
    assert (life.state, life.effective_from, life.by) == ("in_force", APRIL, "Grace")
    assert (in_force(database, APRIL - timedelta(days=1)), in_force(database, APRIL)) == (1, 2)
    report = grade(database, APRIL)
    assert (report.scheme_version, report.tiers) == (2, {"B": 2})
    found = lives(database)
    assert (found[1].state, found[1].until) == ("retired", APRIL)


def test_before_its_day_an_approved_scheme_waits(database: Database, book: dict[str, int]) -> None:
    ahead = TODAY + timedelta(days=27)
    assert approve(database, ahead).state == "approved"
    found = lives(database)
    assert (found[1].state, found[1].until, found[2].effective_from) == ("in_force", ahead, ahead)
    assert grade(database, APRIL).scheme_version == 1


def test_what_was_graded_cannot_be_approved_away(database: Database, book: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="2026-03-31"):
        approve(database, MARCH - timedelta(days=1))
    approve(database, MARCH)


def test_approving_what_is_in_force_anyway_is_a_conflict(database: Database, book: dict[str, int]) -> None:
    with pytest.raises(Conflict, match="plain@1 is in force on 2026-05-04 already"):
        approve(database, TODAY, factories.PLAIN_SCHEME)


def test_only_admins_decide(database: Database, book: dict[str, int]) -> None:
    lead = replace(GRACE, role="team_lead")
    with pytest.raises(NotAllowed):
        approve(database, TODAY, actor=lead)
    with pytest.raises(NotAllowed):
        lifecycle.shadow(database, lead, written(SECOND), today=TODAY, now=NOW)
    with pytest.raises(NotAllowed):
        lifecycle.retire(database, lead, "plain", today=TODAY, now=NOW, sure=True)
    with pytest.raises(NotAllowed):
        status.listed(database, lead, None, today=TODAY)
    with pytest.raises(NotAllowed):
        status.shown(database, lead, "plain@1", None, today=TODAY)
    with pytest.raises(NotAllowed), database.write() as session:
        lifecycle.start(session, written(), lead, as_of=MARCH, today=TODAY, now=NOW)
    with pytest.raises(NotAllowed):
        comparing.diff(database, SchemeCache(), lead, "plain@1", None, None, today=TODAY)


# --- retirement


def test_the_scheme_in_force_is_retired_only_by_somebody_who_is_sure(
    database: Database, book: dict[str, int]
) -> None:
    with pytest.raises(BadInput, match=r"no successor.*--yes"):
        retire(database, "plain")
    approve(database, TODAY + timedelta(days=1))
    with pytest.raises(BadInput, match=r"until another takes over on 2026-05-05"):
        retire(database, "plain@1")
    assert retire(database, "plain@1", sure=True).state == "retired"
    days = (TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1))
    assert [in_force(database, day) for day in days] == [1, None, 2]


def test_retired_before_its_day_a_scheme_never_comes_into_force(
    database: Database, book: dict[str, int]
) -> None:
    ahead = TODAY + timedelta(days=1)
    approve(database, ahead)
    with pytest.raises(BadInput, match="plain@2, plain@1"):
        retire(database, "plain")
    assert retire(database, "plain@2").state == "retired"
    assert in_force(database, ahead) == 1
    assert lives(database)[1].until is None
    approve(database, ahead)
    assert in_force(database, ahead) == 2


def test_retiring_a_scheme_brings_no_earlier_one_back(database: Database, book: dict[str, int]) -> None:
    approve(database, APRIL)
    retire(database, "plain", sure=True)
    assert [in_force(database, day) for day in (MARCH, APRIL, TODAY)] == [1, 2, None]
    with pytest.raises(NotFound, match="In use are: -"):
        retire(database, "plain")
    with database.read() as session, pytest.raises(NotReady):
        store.in_force(session, SchemeCache(), "account", TODAY)
    # Where nothing is in force any more, a start is a start.
    start(database, as_of=TODAY)
    assert in_force(database, TODAY) == 1


def test_of_two_approvals_from_one_day_the_later_decision_counts(
    database: Database, book: dict[str, int]
) -> None:
    approve(database, TODAY)
    approve(database, TODAY, SECOND.replace("version: 2", "version: 3"))
    assert in_force(database, TODAY) == 3
    assert lives(database)[2].state == "retired"


# --- the shadow


def test_a_snapshot_is_graded_in_the_shadow_too_and_nobody_is_notified(
    database: Database, book: dict[str, int]
) -> None:
    assert shadow(database).state == "shadow"
    report = grade(database, APRIL)
    assert (report.scheme_version, report.tiers, report.changes, report.told) == (1, {"A": 1, "B": 1}, (), 0)
    (beside,) = report.shadows
    assert (beside.scheme, beside.version, beside.problem) == ("plain", 2, None)
    (mover,) = beside.movers
    assert (mover.customer_id, mover.tier, mover.shadow_tier) == (book["FALLS"], "A", "B")
    assert (mover.score, mover.shadow_score) == (0.6 * 90 + 0.4 * 40, 0.4 * 90 + 0.6 * 40)
    with database.read() as session:
        rows = session.exec(select(ShadowMove)).all()
    assert [(row.run_id, row.customer_id) for row in rows] == [(report.run_id, book["FALLS"])]
    shown = status.shown(database, GRACE, "plain@2", None, today=TODAY)
    assert [(held.as_of, held.movers, held.customers) for held in shown.shadow] == [(APRIL, 1, 2)]


def test_an_interim_grading_and_a_dry_run_leave_nothing_in_the_shadow(
    database: Database, book: dict[str, int]
) -> None:
    shadow(database)
    assert grade(database, APRIL - timedelta(days=3)).shadows == ()
    dry = runs.grade_book(
        database,
        SchemeCache(),
        for_purpose="account",
        as_of=APRIL,
        today=TODAY,
        now=NOW,
        notify=None,
        dry_run=True,
    )
    assert len(dry.shadows[0].movers) == 1
    with database.read() as session:
        assert session.exec(select(ShadowMove)).all() == []


def test_a_shadow_that_cannot_grade_reports_why_and_stops_nothing(
    database: Database, book: dict[str, int]
) -> None:
    shadow(database, SECOND.replace("record_type", "currency: CNY\nrecord_type", 1))
    with database.write() as session:
        factories.order(session, book["STAYS"], APRIL, 100, currency="EUR")
    report = grade(database, APRIL)
    assert report.customers == 2
    assert "counts in CNY" in (report.shadows[0].problem or "")
    (held,) = status.shown(database, GRACE, "plain@2", None, today=TODAY).shadow
    assert "counts in CNY" in (held.problem or "")


def test_an_abandoned_run_is_deleted_with_its_shadow(database: Database, book: dict[str, int]) -> None:
    shadow(database)
    report = grade(database, APRIL)
    with database.write() as session:
        run = session.get_one(GradingRun, report.run_id)
        run.status, run.started_at = "running", NOW - timedelta(days=1)
    again = grade(database, APRIL)
    with database.read() as session:
        assert [row.run_id for row in session.exec(select(ShadowMove))] == [again.run_id]


def test_a_scheme_leaves_the_shadow_when_it_is_approved_or_retired(
    database: Database, book: dict[str, int]
) -> None:
    shadow(database)
    with pytest.raises(Conflict, match="plain@2 is in the shadow already"):
        shadow(database)
    with pytest.raises(Conflict, match="plain@1 is in force already"):
        shadow(database, factories.PLAIN_SCHEME)
    assert retire(database, "plain@2").state == "retired"
    assert grade(database, APRIL).shadows == ()
    assert shadow(database).state == "shadow"
    assert approve(database, TODAY).state == "in_force"
    with database.read() as session:
        assert schemes.shadows(session, "account") == []


def test_without_a_scheme_in_force_there_is_nothing_to_shadow(database: Database) -> None:
    with pytest.raises(NotReady, match="tierbot grade --scheme"):
        shadow(database)


# --- looking


def test_drafts_are_the_files_that_were_never_used(
    database: Database, book: dict[str, int], tmp_path: Path
) -> None:
    (tmp_path / "plain.yaml").write_text(SECOND, encoding="utf-8")
    (tmp_path / "same.yaml").write_text(factories.PLAIN_SCHEME, encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("scheme: [", encoding="utf-8")
    found = lives(database, tmp_path)
    assert {version: life.state for version, life in found.items()} == {1: "in_force", 2: "draft"}
    assert (found[2].source, found[1].by, found[1].effective_from) == ("plain.yaml", "Grace", MARCH)
    approve(database, TODAY)
    assert lives(database, tmp_path)[2].state == "in_force"


def test_a_scheme_is_shown_with_its_text_its_tiers_and_the_days_it_was_in_force(
    database: Database, book: dict[str, int], tmp_path: Path
) -> None:
    approve(database, APRIL)
    shown = status.shown(database, GRACE, "plain@1", None, today=TODAY)
    assert shown.text == factories.PLAIN_SCHEME
    assert [(rung.tier.id, rung.at) for rung in shown.ladder.rungs] == [("A", 70.0), ("B", 45.0), ("C", 0.0)]
    assert shown.periods == ((MARCH, APRIL, "Grace"),)
    assert status.shown(database, GRACE, "plain", None, today=TODAY).life.version == 2
    edited = tmp_path / "plain.yaml"
    edited.write_text(SECOND.replace("at: 70", "at: 71"), encoding="utf-8")
    draft = status.shown(database, GRACE, str(edited), None, today=TODAY)
    assert draft.life.state == "draft"
    assert "raise version" in (draft.note or "")
    with pytest.raises(NotFound, match="plain@9"):
        status.shown(database, GRACE, "plain@9", None, today=TODAY)


def diff(database: Database, new: str, old: str | None = None, most: int | None = 20) -> SchemeDiff:
    return comparing.diff(database, SchemeCache(), GRACE, new, old, None, today=TODAY, most=most)


def test_a_diff_lists_who_would_move_and_why(
    database: Database, book: dict[str, int], tmp_path: Path
) -> None:
    draft = tmp_path / "second.yaml"
    draft.write_text(SECOND, encoding="utf-8")
    found = diff(database, str(draft))
    assert (found.as_of, found.customers, found.moved) == (MARCH, 2, 1)
    assert (found.old.version, found.new.version) == (1, 2)
    assert (found.before, found.after) == ({"A": 1, "B": 1}, {"A": 0, "B": 2})
    assert found.matrix == {"A": {"A": 0, "B": 1}, "B": {"A": 0, "B": 1}}
    (mover,) = found.movers
    assert (mover.code, mover.before, mover.after) == ("FALLS", "A", "B")
    assert (mover.old_score, mover.new_score) == (70.0, 60.0)
    assert [diff_cause(cause, found.old, found.new) for cause in mover.causes] == [
        "Quality −18.0 (weight 60 % → 40 %)",  # (0.4 - 0.6) × 90
        "Service +8.0 (weight 40 % → 60 %)",  # (0.6 - 0.4) × 40
    ]
    assert found.drift is not None
    assert (found.drift.psi, found.drift.verdict) == (
        0.0,
        "stable",
    )  # 60 to 80 hold both scores on both sides
    assert found.sensitivity.draws == 1_000
    assert diff(database, str(draft)).sensitivity.mean == found.sensitivity.mean
    with database.read() as session:
        assert len(session.exec(select(SchemeVersion)).all()) == 1  # looking puts nothing down


def test_a_diff_marks_who_would_move_at_once(database: Database, tmp_path: Path) -> None:
    """Under the old scheme 70 points are an A, under the new one a B from the second snapshot on, a C's cap at once."""
    start(database)
    with database.write() as session:
        for code, quality in (("SLOW", 70), ("CAPPED", 70), ("STAYS", 90)):
            customer = factories.customer(session, code, code=code)
            factories.fact(session, customer, "quality", quality)
            factories.fact(session, customer, "service", quality)
            factories.fact(session, customer, "credit", "C" if code == "CAPPED" else "A")
    assert grade(database, MARCH).tiers == {"A": 3}
    draft = tmp_path / "strict.yaml"
    draft.write_text(
        SECOND.replace("at: 70", "at: 80").replace("in: [D]", "in: [C, D]") + "movement: {confirm_down: 2}\n",
        encoding="utf-8",
    )
    found = diff(database, str(draft))
    assert {mover.code: (mover.before, mover.after, mover.at_once) for mover in found.movers} == {
        "SLOW": ("A", "B", False),
        "CAPPED": ("A", "C", True),
    }
    assert (found.moved, found.at_once) == (2, 1)
    assert diff_json(found)["at_once"] == 1
    draft.write_text(
        draft.read_text(encoding="utf-8").replace("confirm_down: 2", "confirm_down: 1"), encoding="utf-8"
    )
    assert diff(database, str(draft)).at_once == 2


def test_a_diff_between_two_named_versions_ignores_which_is_in_force(
    database: Database, book: dict[str, int]
) -> None:
    approve(database, TODAY)
    back = diff(database, "plain@1", "plain@2")
    assert [(mover.before, mover.after) for mover in back.movers] == [("B", "A")]
    assert diff(database, "plain@2").moved == 0  # in force is the same one
    assert diff(database, "plain@1", "plain@2", most=0).movers == ()
    data = diff_json(back)
    assert data["movers"][0]["causes"][0]["points"] == pytest.approx((0.6 - 0.4) * 90)
    assert (data["moved"], data["matrix"]["B"]["A"]) == (1, 1)


def test_a_large_book_is_tried_under_other_weights_by_a_sample(
    database: Database, book: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = diff_json(diff(database, "plain@1", "plain@1"))["sensitivity"]
    monkeypatch.setattr(comparing, "SAMPLE", 1)
    part = diff_json(diff(database, "plain@1", "plain@1"))["sensitivity"]
    assert (whole["customers"], part["customers"]) == (2, 1)


def test_schemes_for_different_things_have_no_book_in_common(
    database: Database, book: dict[str, int]
) -> None:
    with pytest.raises(BadInput, match="no book in common"):
        diff(database, "prospects", "plain@1")
