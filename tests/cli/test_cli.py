"""The command line: output, exit codes, and that nobody sees a traceback."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from slack_bolt import BoltRequest, BoltResponse

from bot.app import build
from bot.clock import SystemClock
from bot.demo.workspace import User, Workspace
from bot.settings import Settings
from bot.slack.gateway import web_client
from bot.slack.manifest import COMMANDS, EVENTS, OPTIONAL_SCOPES, SCOPES
from bot.slack.server import front
from grading.scheme.presets import preset_names, preset_text
from grading.scheme.reader import parse_scheme
from tests import factories
from tests.cli.conftest import Done
from tests.cli.conftest import Program as Tierbot

FLAT = "code,name,months_with_us,net_revenue_12m,order_frequency_12m\n"


EXPLAINED = {
    *("code", "name", "tier", "score", "exact_score", "coverage", "interval", "certain"),
    *("gates", "gates_not_assessed", "dimensions", "breakdown"),
}
PART = {"indicator", "value", "score", "weight", "effective_weight", "points", "missing"}


@pytest.fixture
def tierbot(program: Tierbot) -> Tierbot:
    """The command line in an empty folder and without any setting."""
    return program


@pytest.fixture(scope="module")
def scheme_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as the first commands left them, to be copied for each test."""
    return tmp_path_factory.mktemp("scheme_cache")


def furnish(folder: Path, kept: Path, make: Callable[[], None]) -> Path:
    """The folder as `make` leaves it; `make` runs for the first test that needs it."""
    if kept.exists():
        shutil.copytree(kept, folder, dirs_exist_ok=True)
    else:
        make()
        shutil.copytree(folder, kept)
    return folder


@pytest.fixture
def book(tierbot: Tierbot, tmp_path: Path, scheme_cache: Path) -> Path:
    """A small book, imported: two customers of Anna's with two years of orders."""

    def make() -> None:
        (tmp_path / "people.csv").write_text(
            "email,name,role,language,timezone\nanna@example.com,Anna,account_manager,en,Europe/Berlin\n"
        )
        (tmp_path / "customers.csv").write_text(
            "code,name,since,country,owner\n"
            "C-1,ACME,2020-01-01,DE,anna@example.com\n"
            "C-2,Zenith,2020-01-01,DE,anna@example.com\n"
        )
        orders = [
            f"{code}-{year}-{month},{code},{year}-{month:02d}-10,{amount},{amount * 0.8:.2f},EUR"
            for code, amount in (("C-1", 9000), ("C-2", 300))
            for year in (2024, 2025)
            for month in range(1, 13)
        ]
        (tmp_path / "orders.csv").write_text(
            "order_no,customer,date,amount,cost,currency\n" + "\n".join(orders)
        )
        assert tierbot("db", "upgrade").code == 0
        for kind in ("people", "customers", "orders"):
            done = tierbot("import", kind, f"{kind}.csv", "--strict")
            assert done.code == 0, done.err

    return furnish(tmp_path, scheme_cache / "book", make)


@pytest.fixture
def graded(book: Path, tierbot: Tierbot, scheme_cache: Path) -> Path:
    """The same, graded with a scheme proposed from it."""

    def make() -> None:
        proposed = tierbot("scheme", "propose", "orders_only", "--as-of", "2025-12-31", "--out", "own.yaml")
        assert proposed.code == 0
        done = tierbot("grade", "--scheme", "own.yaml", "--as-of", "2025-12-31")
        assert done.code == 0, done.err

    return furnish(book, scheme_cache / "graded", make)


# --- commands that succeed


def test_verify_recomputes_what_is_stored_and_finds_what_was_changed(graded: Path, tierbot: Tierbot) -> None:
    everybody = tierbot("verify", "--all")
    assert everybody.code == 0
    assert everybody.out.startswith("2 assessments recomputed, 0 differ.\nThey take up 0.0 MB: ")
    with closing(sqlite3.connect(graded / "data" / "tierbot.db")) as file, file:
        file.execute("UPDATE assessment SET score = score + 1 WHERE customer_id = 1")
    assert tierbot("verify", "C-2").code == 0
    found = tierbot("verify", "ACME", "--json")
    assert (found.code, found.json["assessments"], found.json["differing"]) == (8, 1, 1)
    (wrong,) = found.json["differences"]
    assert (wrong["customer"], wrong["what"]) == ("C-1", "score")
    assert wrong["stored"] == wrong["computed"] + 1
    everybody = tierbot("verify")
    assert "C-1" in everybody.out
    assert "This cannot find names, codes and owners of customers; " in everybody.out
    assert found.json["limits"]["forged imports"].startswith("a change of data")
    assert tierbot("verify", "ACME", "--all").code == 2


def test_grade_prints_its_report_as_json(graded: Path, tierbot: Tierbot) -> None:
    report = tierbot("grade", "--as-of", "2025-12-31", "--json").json
    assert report["customers"] == 2
    assert sum(report["tiers"].values()) == 2
    assert (report["as_of"], report["orders_through"]) == ("2025-12-31", "2025-12-10")
    assert (report["changes"], report["told"], report["silent"]) == ([], 0, False)
    assert set(report) >= {"run_id", "purpose", "kind", "scheme", "scheme_version"}


def test_why_explains_a_change_of_score_as_text_and_as_json(graded: Path, tierbot: Tierbot) -> None:
    done = tierbot("why", "ACME")
    assert done.code == 0, done.err
    assert "First grading: there is no earlier one to compare with." in done.out
    (graded / "more.csv").write_text(
        "order_no,customer,date,amount,cost,currency\nC-1-2026-1,C-1,2026-01-10,9000,3000,EUR\n"
    )
    assert tierbot("import", "orders", "more.csv", "--strict").code == 0
    assert tierbot("grade", "--as-of", "2026-01-31").code == 0
    shown, found = tierbot("why", "ACME"), tierbot("why", "ACME", "--since", "2025-12-31", "--json").json
    assert "Since Dec 31, 2025" in shown.out
    assert found["since"]["as_of"] == "2025-12-31"
    assert sum(found["change"]["shown"].values()) == pytest.approx(found["change"]["change"])
    assert found["change"]["shown"]["rule"] == 0
    assert tierbot("why", "ACME", "--since", "2025-12-30").code == 3
    assert tierbot("why", "ACME", "--since", "soon").code == 2


def test_a_customer_to_review_is_listed_until_it_is_answered(graded: Path, tierbot: Tierbot) -> None:
    assert tierbot("review", "list", "--reason", "unrated").out == "There is nothing to review.\n"
    (graded / "new.csv").write_text("code,name,country\nC-3,Newton,DE\n")
    assert tierbot("import", "customers", "new.csv", "--strict").code == 0
    assert tierbot("grade", "--as-of", "2026-01-31").code == 0
    (item,) = tierbot("review", "list", "--reason", "unrated", "--json").json
    assert (item["code"], item["reason"], item["stake"]) == ("C-3", "unrated", 0.0)
    assert "C-3" in tierbot("review", "list").out
    assert tierbot("review", "answer", "C-3", "unrated", "--note", "no orders yet").code == 0
    assert tierbot("review", "list", "--reason", "unrated").out == "There is nothing to review.\n"
    assert tierbot("review", "answer", "C-3", "unrated", "--note", "again").code == 3


def test_a_dry_run_writes_nothing(graded: Path, tierbot: Tierbot) -> None:
    first = tierbot("grade", "--as-of", "2025-12-31", "--json").json["run_id"]
    dry = tierbot("grade", "--as-of", "2025-12-31", "--dry-run", "--json").json
    assert (dry["run_id"], dry["kind"]) == (None, "dry run")
    assert tierbot("grade", "--as-of", "2025-12-31", "--json").json["run_id"] == first + 1


def test_tier_answers_as_in_slack(graded: Path, tierbot: Tierbot) -> None:
    card = tierbot("tier", "acme", "--json").json
    assert (card["code"], card["name"]) == ("C-1", "ACME")
    assert set(card) >= EXPLAINED
    assert sum(part["points"] or 0 for part in card["breakdown"]) == pytest.approx(card["exact_score"])
    shown = tierbot("tier", "C-1")
    assert shown.code == 0
    assert shown.out.startswith("ACME · ")
    assert "<@" not in shown.out


def test_a_name_that_no_customer_has_is_not_found(graded: Path, tierbot: Tierbot) -> None:
    done = tierbot("tier", "Quux Unlimited")
    assert done.code == 3
    assert "Quux Unlimited" in done.out


def test_tick_makes_one_pass_as_of_a_time(
    graded: Path, tierbot: Tierbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tierbot("tick").code == 2  # without a token no message can be sent
    anna = User(id="U0ANNA", name="anna", real_name="Anna", email="anna@example.com", tz="Europe/Berlin")
    with Workspace(users=[anna], channels=[]) as workspace:
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-local")
        monkeypatch.setenv("SLACK_API_URL", workspace.api_url)
        # The first pass plans a touch per customer; a later one, in Anna's morning within 120 days, tells her of both in one digest.
        planned = tierbot("tick", "--at", "2026-01-05T03:00+00:00")
        assert planned.code == 0, planned.err
        assert workspace.messages(workspace.dm("U0ANNA")) == ()
        assert tierbot("tick", "--at", "2026-05-11T09:01+02:00").code == 0
        (digest,) = workspace.messages(workspace.dm("U0ANNA"))
        assert digest.text == "Your customers on May 11, 2026: Zenith, ACME"
        assert tierbot("tick", "--at", "2026-05-11T09:02+02:00").code == 0
        assert workspace.messages(workspace.dm("U0ANNA")) == (digest,)


def test_a_proposed_scheme_is_in_order_and_overwrites_nothing(graded: Path, tierbot: Tierbot) -> None:
    assert tierbot("scheme", "check", "own.yaml").code == 0
    again = tierbot("scheme", "propose", "orders_only", "--out", "own.yaml")
    assert again.code == 2
    assert "--force" in again.err
    assert tierbot("scheme", "propose", "orders_only", "--out", "own.yaml", "--force").code == 0
    printed = tierbot("scheme", "propose", "orders_only", "--as-of", "2025-12-31").out
    assert parse_scheme(printed, source="printed").currency == "EUR"


def test_the_manifest_lists_exactly_the_commands_the_app_answers(tierbot: Tierbot, tmp_path: Path) -> None:
    manifest = tierbot("manifest").json
    listed = {command["command"] for command in manifest["features"]["slash_commands"]}
    assert listed == {command.name for command in COMMANDS} == answered(tmp_path)
    assert manifest["settings"]["socket_mode_enabled"] is True
    # Reminders arrive in the messages tab: who reads one there may type an answer.
    assert manifest["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes["bot"]) == {*SCOPES, *OPTIONAL_SCOPES}
    assert set(scopes["bot_optional"]) == set(OPTIONAL_SCOPES)  # which who installs the app may refuse
    assert manifest["settings"]["event_subscriptions"] == {"bot_events": list(EVENTS)}
    by_http = tierbot("manifest", "--http", "https://bot.example.com/slack/events").json
    assert by_http["settings"]["socket_mode_enabled"] is False
    assert by_http["settings"]["event_subscriptions"]["request_url"] == "https://bot.example.com/slack/events"
    assert {c["url"] for c in by_http["features"]["slash_commands"]} == {
        "https://bot.example.com/slack/events"
    }


def answered(folder: Path) -> set[str]:
    """The slash commands for which the real app has a listener, out of all possible ones."""
    settings = Settings(_env_file=None, TIERBOT_DATA_DIR=folder, SLACK_BOT_TOKEN="xoxb-1")
    bot = build(settings, clock=SystemClock())
    app = front(bot.deps, web_client(settings), lambda: "0").app

    def listens(command: str) -> bool:
        body = f"command={command}&text=&user_id=U1&team_id=T1&channel_id=C1"
        request, response = BoltRequest(body=body, mode="http"), BoltResponse(status=200)
        return any(listener.matches(req=request, resp=response) for listener in app._listeners)

    try:
        return {name for name in ("/tier", "/tiers", "/customer", "/care", "/help") if listens(name)}
    finally:
        bot.close()


# --- score


def scored(tierbot: Tierbot, tmp_path: Path, table: str, *options: str) -> Done:
    (tmp_path / "table.csv").write_text(table, encoding="utf-8")
    return tierbot("score", "table.csv", "--scheme", "orders_only", "--as-of", "2026-03-31", *options)


def test_score_shows_a_coverage_below_all_as_less_than_all(tierbot: Tierbot, tmp_path: Path) -> None:
    scheme = factories.PLAIN_SCHEME.replace("weight: 60", "weight: 99.6").replace("weight: 40", "weight: 0.4")
    (tmp_path / "plain.yaml").write_text(scheme, encoding="utf-8")
    (tmp_path / "table.csv").write_text("code,name,quality\nC-1,ACME,80\n", encoding="utf-8")
    done = tierbot("score", "table.csv", "--scheme", "plain.yaml", "--as-of", "2026-03-31")
    (row,) = [line for line in done.out.splitlines() if "ACME" in line]
    assert row.split() == ["C-1", "ACME", "A", "80.0", "99%"]


def test_score_grades_a_flat_table_without_a_database(tierbot: Tierbot, tmp_path: Path) -> None:
    done = scored(tierbot, tmp_path, FLAT + "C-1,ACME,40,500000,20\nC-2,Young,1,500000,20\n", "--json")
    acme, young = done.json
    assert set(acme) >= EXPLAINED
    assert set(acme["breakdown"][0]) >= PART
    assert young["tier"] == "new"
    assert not (tmp_path / "data").exists()
    points = sum(part["points"] or 0 for part in acme["breakdown"])
    assert points == pytest.approx(acme["exact_score"])


def test_what_is_out_of_date_counts_as_missing(tierbot: Tierbot, tmp_path: Path) -> None:
    header = "code,name,months_with_us,satisfaction,satisfaction@date\n"
    (tmp_path / "table.csv").write_text(header + "C-1,ACME,40,5,2026-03-01\nC-2,Zenith,40,5,2020-03-01\n")
    graded = tierbot("score", "table.csv", "--scheme", "b2b_accounts", "--as-of", "2026-03-31", "--json").json
    missing = [
        next(part["missing"] for part in one["breakdown"] if part["indicator"] == "satisfaction")
        for one in graded
    ]
    assert missing == [False, True]


def test_a_row_with_a_bad_cell_is_rejected_by_line_and_column(tierbot: Tierbot, tmp_path: Path) -> None:
    table = FLAT + "C-1,Bad,40,much,20\nC-2,ACME,40,500000,20\nC-3,Bad,40,1e400,20\nC-4,Last,50,700000,20\n"
    done = scored(tierbot, tmp_path, table, "--json")
    assert (done.code, [one["code"] for one in done.json]) == (0, ["C-2", "C-4"])
    alone = scored(tierbot, tmp_path, FLAT + "C-4,Last,50,700000,20\n", "--json").json
    assert done.json[1] == alone[0]
    assert "line 2, net_revenue_12m: 'much'" in done.err
    assert "line 4, net_revenue_12m: '1e400'" in done.err
    assert scored(tierbot, tmp_path, table, "--strict").code == 7
    assert scored(tierbot, tmp_path, FLAT + "C-1,Bad,40,much,20\n").code == 7  # none is left


def test_a_column_that_the_scheme_does_not_read_is_named(tierbot: Tierbot, tmp_path: Path) -> None:
    done = scored(tierbot, tmp_path, "code,name,net_revenue_12m,favourite_colour\nC-1,ACME,1,red\n")
    assert (
        "Note unread-column: The scheme orders_only has no field for these columns: favourite_colour."
        in done.err
    )


def test_score_takes_the_options_of_an_import(tierbot: Tierbot, tmp_path: Path) -> None:
    table = "nr;name;net_revenue_12m;active_quarter_rate\nC-1;ACME;500,000;75\n"
    asked = scored(tierbot, tmp_path, table, "--map", "code=nr")
    assert (asked.code, asked.out) == (2, "")
    assert "question decimal-sign" in asked.err
    assert "question percent-or-ratio" in asked.err
    answers = ("--map", "code=nr", "--decimal", "point", "--percent", "active_quarter_rate")
    graded = scored(tierbot, tmp_path, table, *answers, "--json").json
    values = {part["indicator"]: part["value"] for part in graded[0]["breakdown"]}
    assert (values["net_revenue_12m"], values["active_quarter_rate"]) == (500_000, 0.75)
    accepted = scored(
        tierbot, tmp_path, table, "--map", "code=nr", "--decimal", "point", "--yes", "percent-or-ratio"
    )
    assert "Note percent-or-ratio" in accepted.err


# --- commands that fail


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("name,net_spend_12m\nACME,1\n", "no column for code"),
        ("code,name,code\nC-1,ACME,C-2\n", "two columns named 'code'"),
        ("code,name\n", "has a header but no rows"),
    ],
)
def test_a_table_of_the_wrong_shape_is_refused(
    tierbot: Tierbot, tmp_path: Path, table: str, expected: str
) -> None:
    done = scored(tierbot, tmp_path, table)
    assert done.code == 2
    assert expected in done.err


WRONG = [
    (("score", "none.csv", "--scheme", "orders_only", "--as-of", "2026-03-31"), 3, "none.csv"),
    (("score", "none.csv", "--scheme", "orders_only", "--as-of", "31.3.2026"), 2, "31.3.2026"),
    (("score", "none.csv", "--scheme", "best", "--as-of", "2026-03-31"), 2, "no scheme best"),
    (("score", "none.csv", "--scheme", "orders_only"), 2, "--as-of"),
    (("grade", "--as-off", "2026-03-31"), 2, "--as-of"),
    (("tick",), 6, "tierbot db upgrade"),
    (("tick", "--at", "soon"), 2, "soon is not a time"),
    (("run",), 2, "SLACK_BOT_TOKEN is not set"),
    (("scheme", "check", "none.yaml"), 2, "none.yaml"),
    (("nonsense",), 2, "nonsense"),
    (("import", "undo", "many"), 2, "batch"),
]


@pytest.mark.parametrize(("arguments", "code", "expected"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_a_refusal_is_one_sentence_and_an_exit_code(
    tierbot: Tierbot, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    done = tierbot(*arguments)
    assert done.code == code
    assert expected in done.err


def test_a_wrong_care_plan_stops_what_acts_on_it_before_it_begins(
    tierbot: Tierbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plan.yaml").write_text(
        "plan: ours\nversion: 1\ntiers:\n  A:\n    - {id: x, kind: revisitt}\n"
    )
    assert tierbot("db", "upgrade").code == 0
    monkeypatch.setenv("TIERBOT_CARE_PLAN", "plan.yaml")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    for command in (("run", "--role", "worker"), ("tick",)):
        done = tierbot(*command)
        assert (done.code, "plan.yaml line 5" in done.err) == (2, True), done
    (tmp_path / "customers.csv").write_text("code,name\nA1,Acme\n")
    assert tierbot("import", "customers", "customers.csv").code == 0  # which does not need the plan


def test_wrong_input_is_refused_with_customers_in_the_database(book: Path, tierbot: Tierbot) -> None:
    ungraded = tierbot("grade")
    assert (ungraded.code, "No scheme is in force" in ungraded.err) == (6, True)
    foreign = tierbot("grade", "--scheme", "orders_only", "--as-of", "2025-12-31")
    assert foreign.code == 2
    assert "tierbot scheme propose" in foreign.err
    far = tierbot("grade", "--scheme", "orders_only", "--as-of", "2199-01-01")
    assert (far.code, "future" in far.err) == (2, True)
    unmapped = tierbot("import", "orders", "orders.csv", "--map", "amount")
    assert (unmapped.code, "field=column" in unmapped.err) == (2, True)
    absent = tierbot("import", "orders", "absent.csv")
    assert (absent.code, "absent.csv" in absent.err) == (3, True)
    unknown = tierbot("import", "undo", "999")
    assert unknown.code in (2, 3)
    assert "999" in unknown.err


SETTINGS = [
    ({"SLACK_BOT_TOKEN": "xapp-secret-1"}, "SLACK_BOT_TOKEN", "swapped"),
    ({"SLACK_APP_TOKEN": "xoxb-secret-1"}, "SLACK_APP_TOKEN", "swapped"),
    ({"TIERBOT_TIMZONE": "UTC"}, "TIERBOT_TIMZONE", "did you mean TIERBOT_TIMEZONE?"),
    ({"TIERBOT_TIMEZONE": "Asia/Shanghia"}, "TIERBOT_TIMEZONE", "did you mean Asia/Shanghai?"),
    ({"TIERBOT_LANGUAGE": "fr"}, "TIERBOT_LANGUAGE", "'en' or 'zh'"),
    ({"SLACK_API_URL": "slack.com"}, "SLACK_API_URL", "/api/"),
]


@pytest.mark.parametrize(("given", "name", "expected"), SETTINGS)
def test_wrong_settings_are_named_without_quoting_secrets(
    tierbot: Tierbot, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], name: str, expected: str
) -> None:
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    done = tierbot("tier", "ACME")
    assert done.code == 2
    assert name in done.err
    assert expected in done.err
    assert "secret" not in done.err


def test_check_reports_every_problem_of_an_installation_at_once(
    tierbot: Tierbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schemes").mkdir()
    broken = preset_text("orders_only").replace("record_type:", "record_tipe:", 1)
    (tmp_path / "schemes" / "ours.yaml").write_text(broken, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(
        "plan: ours\nversion: 1\ntiers:\n  A:\n    - {id: x, kind: revisitt}\n"
    )
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "tier_card.jinja").write_text("{% block fallback %}{{ name }{% endblock %}")
    monkeypatch.setenv("TIERBOT_SCHEMES_DIR", "schemes")
    monkeypatch.setenv("TIERBOT_CARE_PLAN", "plan.yaml")
    monkeypatch.setenv("TIERBOT_TEMPLATES_DIR", "words")
    found = tierbot("check")
    assert found.code == 2
    assert "ours.yaml" in found.err
    assert "record_tipe" in found.err
    assert "plan.yaml line 5" in found.err
    assert "tier_card.jinja" in found.err
    monkeypatch.setenv("TIERBOT_ALERT_CHANEL", "#managers")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-secret")
    more = tierbot("check")
    assert more.code == 2
    for expected in (
        "TIERBOT_ALERT_CHANEL",
        "SLACK_BOT_TOKEN",
        "record_tipe",
        "plan.yaml line 5",
        "tier_card.jinja",
    ):
        assert expected in more.err
    assert "secret" not in more.err


def test_check_finds_nothing_wrong_with_what_is_shipped(tierbot: Tierbot) -> None:
    done = tierbot("check")
    assert (done.code, done.err) == (0, "")
    assert "in order" in done.out
    assert "margin_contribution is missing for everybody" in done.out  # `scheme propose` fills it in
    schemes = tierbot("scheme", "check")
    assert f"{len(preset_names())} schemes are in order" in schemes.out


def test_a_locked_database_is_explained_in_a_sentence(
    book: Path, tierbot: Tierbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.engine.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(book / "data" / "tierbot.db", isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        done = tierbot("grade", "--scheme", "orders_only", "--as-of", "2025-12-31")
    assert done.code == 5
    assert done.err == "The database is busy: another process is writing to it. Try again in a minute.\n"


def test_a_file_that_is_no_database_is_explained_in_a_sentence(tierbot: Tierbot, tmp_path: Path) -> None:
    (tmp_path / "data" / "tierbot.db").mkdir(parents=True)
    done = tierbot("tier", "ACME")
    assert done.code == 6
    assert "TIERBOT_DATABASE_URL" in done.err
    (tmp_path / "data" / "tierbot.db").rmdir()
    (tmp_path / "data" / "tierbot.db").write_text("A shopping list, which is no database. " * 30)
    done = tierbot("tier", "ACME")
    assert done.code == 6
    assert "not a database" in done.err


# --- both ways to call it


def test_python_m_bot_is_the_same_program() -> None:
    script = Path(sys.executable).parent / "tierbot"
    helps = []
    for command in ([sys.executable, "-m", "bot"], [str(script)]):
        shown = subprocess.run(
            [*command, "--help"], capture_output=True, check=True, timeout=60, encoding="utf-8"
        )
        helps.append([line.strip() for line in shown.stdout.splitlines() if "Usage:" not in line])
    assert helps[0] == helps[1]
    assert any("demo" in line for line in helps[0])
