"""Connections that are open and yet do not receive everything, or cannot be opened: C01 to C03."""

import time

from db.engine import open_database
from db.schema import upgrade
from tests.faults.installation import Installation
from tests.faults.presses import Office, answering, running
from tests.faults.processes import wait_until
from tests.faults.report import Outcome

CALL = "apps.connections.open"
COUNTED_SECONDS = 20
# Slack counts when a connection begins: while both are renewed, the old ones of both too.
SHARED = "of the app that this installation does not hold"
REFUSED = "Slack refuses the app token: invalid_auth"


def shared_token(installation: Installation, *, quick: bool) -> Outcome:
    """C01: another installation uses the same app token, so that Slack gives it every second command."""
    outcome, questions = Outcome(figures={}), 20 if quick else 40  # each goes to either at random
    folder = installation.folder / "other"
    folder.mkdir()
    address = f"sqlite:///{folder / 'tierbot.db'}"
    database = open_database(address)
    upgrade(database)
    database.close()
    other = Office(installation=installation, way="socket", code="")
    with answering(installation) as office:
        with running(other, TIERBOT_DATABASE_URL=address, TIERBOT_DATA_DIR=str(folder)):
            wait_until(lambda: installation.slack.get("faults")["connected"] == 2, 60)
            before = len(office.messages())
            for _ in range(questions):
                office.ask()
            elsewhere = sum(
                "Acme Pumps" not in str(message["blocks"]) for message in office.messages()[before:]
            )
            # The newer of the two counts first; the older one when its connection is renewed.
            outcome.figures |= {
                "commands answered elsewhere": f"{elsewhere} of {questions}",
                "noticed after": _wait_for(other, SHARED),
            }
            outcome.require(elsewhere > 0, "every command went to one installation")
            installation.slack.post(
                "faults", strike=[{"kind": "socket_disconnect", "reason": "refresh_requested", "seconds": 60}]
            )
            _wait_for(office, SHARED)
            for one in (other, office):
                status, state = one.page("readyz")
                outcome.require(status == 503 and SHARED in state, f"the health page said “{state}”")
        outcome.figures["ready again after"] = _wait_for(office, "ready")
        outcome.require(office.page("readyz") == (200, "ready"), "not ready after the other had ended")
    return outcome


def failing_at_the_start(installation: Installation, *, quick: bool) -> Outcome:
    """C03: Slack answers 500 to everything while a process starts; it keeps running and answers when Slack does."""
    outcome, slack = Outcome(figures={}), installation.slack
    slack.switch({"kind": "server_error", "status": 500, "methods": ["*"]})
    with answering(installation, processes=0) as office, running(office):
        _wait_for(office, "Slack opens no connection: http_500")
        status, state = office.page("readyz")
        outcome.require(status == 503 and "http_500" in state, f"the health page said “{state}”")
        log = installation.folder / "log"
        said = wait_until(lambda: "It receives nothing yet" in log.read_text(), 30)
        outcome.require(said, f"the process said {log.read_text()[-300:]}")
        slack.switch()
        outcome.figures["connected after"] = _wait_for(office, "ready")
        outcome.require(bool(office.ask()["ok"]), "no answer when Slack answered again")
    return outcome


def refused_token(installation: Installation, *, quick: bool) -> Outcome:
    """C02: Slack refuses the app token in the middle of the run, and takes it again."""
    outcome, slack = Outcome(figures={}), installation.slack
    with answering(installation) as office:
        office.ask()
        slack.switch({"kind": "error", "code": "invalid_auth", "methods": [CALL]})
        slack.post("faults", strike=[{"kind": "socket_reset"}])
        outcome.figures["noticed after"] = _wait_for(office, REFUSED)
        state = office.page("readyz")[1]
        outcome.require(REFUSED in state, f"the health page said “{state}”")
        began = slack.struck()["error"]
        time.sleep(COUNTED_SECONDS)
        calls = slack.struck()["error"] - began
        outcome.figures["calls in 20 s"] = calls
        outcome.require(0 < calls <= COUNTED_SECONDS / 2, f"{calls} calls in {COUNTED_SECONDS} s")
        slack.switch()
        outcome.figures["connected again after"] = _wait_for(office, "ready")
        outcome.require(bool(office.ask()["ok"]), "no answer after the token was taken again")
    return outcome


def _wait_for(office: Office, words: str) -> str:
    """The seconds until /readyz says something."""
    began = time.monotonic()
    office.installation.pace.wait_until(lambda: words in office.page("readyz")[1], 90)
    return f"{time.monotonic() - began:.1f} s"
