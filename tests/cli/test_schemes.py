"""`tierbot scheme list|show|diff|shadow|approve|retire`: output as text and as JSON, and refusals."""

import json
from pathlib import Path

import pytest
from typer.testing import Result

from bot.errors import BadInput, BotError, Conflict, NotFound
from db.engine import open_database
from tests import factories
from tests.cli.conftest import Command

SECOND = (
    factories.PLAIN_SCHEME.replace("weight: 60", "weight: 41")
    .replace("weight: 40", "weight: 60")
    .replace("weight: 41", "weight: 40")
    .replace("version: 1", "version: 2")
)


@pytest.fixture
def tierbot(file: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command over a book of two, graded as of the end of March 2025 under version 1; version 2 is a draft."""
    drafts = file.with_name("schemes")
    drafts.mkdir()
    file.with_name("first.yaml").write_text(factories.PLAIN_SCHEME, encoding="utf-8")
    (drafts / "second.yaml").write_text(SECOND, encoding="utf-8")
    monkeypatch.setenv("TIERBOT_SCHEMES_DIR", str(drafts))
    monkeypatch.setenv("LOGNAME", "grace")
    database = open_database(f"sqlite:///{file}")
    with database.write() as session:
        for name, quality, service in (("FALLS", 90, 40), ("STAYS", 80, 50)):
            customer = factories.customer(session, name, code=name)
            factories.fact(session, customer, "quality", quality)
            factories.fact(session, customer, "service", service)
    database.close()
    done = command("grade", "--scheme", "first.yaml", "--as-of", "2025-03-31")
    assert done.exit_code == 0, done.output
    return command


def refused(done: Result) -> BotError:
    assert isinstance(done.exception, BotError), done.output
    return done.exception


def test_a_scheme_is_listed_as_draft_then_in_the_shadow_then_in_force(tierbot: Command) -> None:
    def states() -> dict[str, str]:
        return {
            f"{life['name']}@{life['version']}": life["state"]
            for life in json.loads(tierbot("scheme", "list", "--json").output)
        }

    assert states() == {"plain@1": "in_force", "plain@2": "draft"}
    assert "runs in the shadow" in tierbot("scheme", "shadow", "second").output
    assert states() == {"plain@1": "in_force", "plain@2": "shadow"}
    graded = tierbot("grade", "--as-of", "2025-04-30")
    assert "In the shadow, plain@2 would have 1 customer in another tier" in graded.output
    shown = tierbot("scheme", "show", "plain@2").output
    assert "in the shadow, as of 2025-04-30: 1 of 2 customers would be in another tier" in shown
    assert SECOND in shown
    approved = tierbot("scheme", "approve", "plain@2", "--from", "2025-05-01")
    assert "plain@2 grades (account) from 2025-05-01 on, approved by operator:grace." in approved.output
    assert states() == {"plain@2": "in_force", "plain@1": "retired"}
    listed = tierbot("scheme", "list").output
    assert "in force" in listed
    assert "operator:grace" in listed
    first = json.loads(tierbot("scheme", "show", "plain@1", "--json").output)
    assert first["in_force"] == [
        {"from": "2025-03-31", "until": "2025-05-01", "approved_by": "operator:grace"}
    ]
    assert json.loads(tierbot("grade", "--as-of", "2025-05-31", "--json").output)["scheme_version"] == 2


def test_a_scheme_is_shown_with_the_ladder_of_its_tiers(tierbot: Command, file: Path) -> None:
    rules = "movement: {margin_up: 2, margin_down: 3, confirm_down: 2}\n"
    text = SECOND.replace("version: 2", "version: 3") + rules
    (file.with_name("schemes") / "third.yaml").write_text(text, encoding="utf-8")
    shown = tierbot("scheme", "show", "third").output
    assert [cell.strip() for line in shown.splitlines() if "Key" in line for cell in line.split("  ") if cell][:5] == [
        "A", "70", "72", "67", "Key",
    ]  # fmt: skip
    assert "A move down needs a score more than 3 below the boundary, in 2 gradings in a row." in shown
    found = json.loads(tierbot("scheme", "show", "third", "--json").output)
    assert found["tiers"][0] == {
        "id": "A",
        "at": 70.0,
        "rises_at": 70 + 2,
        "falls_below": 70 - 3,
        "name": "Key",
    }
    assert found["movement"]["confirm_down"] == 2


def test_diff_prints_matrix_shares_drift_sensitivity_and_movers(tierbot: Command) -> None:
    done = tierbot("scheme", "diff", "second").output
    assert "As of 2025-03-31, 2 customers: plain@1 (rows) and plain@2 (columns)" in done
    assert "50.0%" in done  # one of two was an A
    assert "PSI of the scores 0.000" in done
    assert "With 1,000 other sets of weights within ±20%" in done
    assert "FALLS FALLS" in done
    assert "70 → 60" in done
    assert f"Quality −{(0.6 - 0.4) * 90:.1f}" in done
    assert f"Service {(0.6 - 0.4) * 40:+.1f}" in done
    data = json.loads(tierbot("scheme", "diff", "second", "--json").output)
    assert data["matrix"] == {"A": {"A": 0, "B": 1}, "B": {"A": 0, "B": 1}}
    assert (data["sensitivity"]["draws"], data["psi"]["verdict"]) == (1_000, "stable")
    assert "1 customer would move, 1 of them with the first snapshot" in " ".join(done.split())
    assert "at once" in done
    assert "Nobody would move." in tierbot("scheme", "diff", "plain@1").output


def test_a_replay_uses_a_recorded_version_or_the_scheme_in_force_today(tierbot: Command) -> None:
    """The scheme is in force from 31 March 2025 on; a replay ignores that."""
    period = ("grade", "--replay", "2025-01-01", "2025-02-28", "--json")
    for found in (json.loads(tierbot(*period, *more).output) for more in ((), ("--scheme", "plain@1"))):
        assert (found["scheme"], found["version"]) == ("plain", 1)
        assert [day["as_of"] for day in found["days"]] == ["2025-01-31", "2025-02-28"]
    assert isinstance(refused(tierbot(*period, "--scheme", "plain@9")), NotFound)


def test_a_day_before_the_scheme_and_an_unknown_purpose_are_refused(tierbot: Command) -> None:
    early = refused(tierbot("grade", "--as-of", "2025-02-28", "--dry-run"))
    assert "on 2025-02-28; plain is from 2025-03-31 on" in early.text()
    assert "use one of credit, account, prospect" in refused(tierbot("grade", "--purpose", "bogus")).text()


def test_a_refused_decision_about_a_scheme_names_the_remedy(tierbot: Command) -> None:
    taken = refused(tierbot("grade", "--scheme", "second", "--as-of", "2025-04-30"))
    assert isinstance(taken, Conflict)
    assert "tierbot scheme approve" in str(taken)
    early = refused(tierbot("scheme", "approve", "second", "--from", "2025-03-30"))
    assert isinstance(early, BadInput)
    assert "2025-03-31" in str(early)
    alone = refused(tierbot("scheme", "retire", "plain"))
    assert isinstance(alone, BadInput)
    assert "--yes" in str(alone)
    assert isinstance(refused(tierbot("scheme", "retire", "plain@7")), NotFound)
    Path("first.yaml").write_text(factories.PLAIN_SCHEME.replace("at: 70", "at: 71"), encoding="utf-8")
    changed = refused(tierbot("scheme", "shadow", "first.yaml"))
    assert "Raise version: to 2" in str(changed)
    assert "raise version" in tierbot("scheme", "show", "first.yaml").output
    assert "plain@1 is retired" in tierbot("scheme", "retire", "plain", "--yes").output


def test_coexisting_schemes_are_listed_in_their_order_and_retiring_one_keeps_the_others(
    tierbot: Command, tmp_path: Path
) -> None:
    banks = factories.PLAIN_SCHEME.replace(
        "scheme: plain", "scheme: banks\napplies_to: {industry: [finance]}"
    )
    (tmp_path / "banks.yaml").write_text(banks, encoding="utf-8")
    approved = tierbot("scheme", "approve", "banks.yaml", "--from", "2025-04-01", "--place", "5")
    assert "banks@1 grades (account) from 2025-04-01 on, approved by operator:grace." in approved.output
    assert "It is asked at place 5 and applies to industry: finance." in approved.output
    listed = json.loads(tierbot("scheme", "list", "--json").output)
    order = [
        (life["name"], life["place"], life["applies_to"]) for life in listed if life["state"] == "in_force"
    ]
    assert order == [("banks", 5, {"industry": ["finance"]}), ("plain", None, {})]
    table = " ".join(tierbot("scheme", "list").output.split())
    assert "the first of its purpose that applies to it" in table
    assert table.index("banks@1 industry: finance") < table.index("plain@1 everybody")
    assert "Schemes side by side: banks@1 0, plain@1 2." in tierbot("grade", "--as-of", "2025-04-30").output
    over = json.loads(tierbot("scheme", "retire", "plain", "--yes", "--json").output)["until"]
    alone = tierbot("grade", "--as-of", over).output
    assert "No scheme applies to 2 customers: tierbot review list --reason no_scheme" in " ".join(
        alone.split()
    )
    assert "no scheme applies" in " ".join(tierbot("history", "FALLS").output.split())
    assert "none of the schemes in force applies" in " ".join(tierbot("tier", "FALLS").output.split())
