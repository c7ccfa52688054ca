"""Forms whose process is killed while they are submitted, and forms under a held lock: F39."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

from bot.wording.actions import Action
from tests.faults.installation import Installation
from tests.faults.presses import USER, Office, answering, held, running
from tests.faults.processes import wait_until
from tests.faults.report import Outcome

LONGEST_ACK = 3.0  # seconds: Slack waits no longer
PATIENCE = 60.0  # seconds


def typed_notes(installation: Installation, *, quick: bool) -> Outcome:
    """F39: a note that was acknowledged is stored; one that was not is still in its form, and is stored once."""
    outcome = Outcome(figures={})
    with answering(installation, processes=0) as office:
        _kill(office, outcome, 2 if quick else 25)
        _lock(office, outcome, 3.0 if quick else 30.0)
    return outcome


def _kill(office: Office, outcome: Outcome, kills: int) -> None:
    rng, acknowledged, stored = random.Random(office.installation.seed), 0, 0
    notes = [f"note {number}" for number in range(kills)]
    with ThreadPoolExecutor(1) as person, ExitStack() as last:
        process = last.enter_context(running(office))
        _wait_for_bot(office)
        for note in notes:
            _open_form(office)
            submitted = person.submit(_submit, office, note)
            time.sleep(rng.uniform(0, 0.1))
            process.kill()
            process.wait()
            answer, times = submitted.result(PATIENCE), _notes(office).count(note)
            acknowledged += answer["ok"]
            stored += times
            outcome.require(times == 1 or not answer["ok"], f"{note} was acknowledged and is not stored")
            process = last.enter_context(running(office))
            _wait_for_bot(office)
            if not answer["ok"]:
                outcome.require(_form(office) is not None, f"the form of {note} is gone")
                outcome.require(_submit(office, note)["ok"], f"{note} could not be submitted again")
            office.installation.slack.post("close", user=USER)
    found = _notes(office)
    outcome.figures |= {
        "kills": kills,
        "acknowledged before the kill": acknowledged,
        "stored before it": stored,
    }
    outcome.require(sorted(found) == sorted(notes), f"{len(found)} notes of {len(notes)}: {found}")


def _lock(office: Office, outcome: Outcome, seconds: float) -> None:
    with running(office):
        _wait_for_bot(office)
        _open_form(office)
        slowest, tries = 0.0, 0
        with held(office.installation.url, "activity"):
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                began = time.monotonic()
                answer = _submit(office, "typed under a lock")
                slowest, tries = max(slowest, time.monotonic() - began), tries + 1
                outcome.require("busy" in str(answer["errors"]), f"under the lock: {answer}")
        wait_until(lambda: _submit(office, "typed under a lock")["ok"], PATIENCE)
        found = _notes(office).count("typed under a lock")
    outcome.figures |= {
        "lock held s": seconds,
        "tries under it": tries,
        "slowest answer s": round(slowest, 1),
    }
    outcome.require(found == 1, f"the note that was typed under a lock is stored {found} times")
    outcome.require(slowest < LONGEST_ACK, f"a form was answered after {slowest:.1f} s")


def _wait_for_bot(office: Office) -> None:
    wait_until(lambda: office.ask()["ok"], PATIENCE)


def _open_form(office: Office) -> None:
    office.ask()
    office.click(
        [m for m in office.messages() if str(Action.LOG_VISIT) in str(m.get("blocks"))][-1], Action.LOG_VISIT
    )
    wait_until(lambda: _form(office) is not None, PATIENCE, 0.02)


def _form(office: Office) -> Any:
    return office.installation.slack.get(f"views?user={USER}")["modal"]


def _submit(office: Office, note: str) -> Any:
    return office.installation.slack.post("submit", user=USER, values={"note": note})


def _notes(office: Office) -> list[str]:
    return [
        str(row[0]) for row in office.installation.query("SELECT note FROM activity WHERE source = 'slack'")
    ]
