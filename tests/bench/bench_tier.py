"""/tier through the real Bolt app with 100,000 customers, compared with Bolt listeners that do nothing.

A request is signed, dispatched, answered by services, database and templates, and its body encoded: everything but
the network. All variants take turns in one process. Processor time is given besides clock time, because it depends
less on other work of the machine.
"""

import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from slack_bolt import Ack, App, BoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.app import build
from bot.demo.workspace import Workspace
from bot.demo.workspace.default_team import ANNA_SCHMIDT, CHANNELS, PEOPLE
from bot.demo.workspace.records import TEAM_ID
from bot.settings import Settings
from bot.slack.gateway import web_client
from bot.slack.server import front
from bot.slack.transport.http_mode import dispatch, is_signed
from tests.bench import books
from tests.bench.measurement import Table, milliseconds, percentile

SECRET = "bench"
Ask = Callable[[str], BoltResponse]


def main(small: bool) -> Table:
    customers, rounds = (60, 3) if small else (100_000, 300)
    with tempfile.TemporaryDirectory() as folder, Workspace(users=PEOPLE, channels=CHANNELS) as workspace:
        url = f"sqlite:///{Path(folder) / 'book.db'}"
        names = books.create(url, customers=customers, seed=1)
        settings = settings_for(url, workspace)
        bot = build(settings)
        try:
            bot.deps.identify(ANNA_SCHMIDT.id)  # whom Slack was never asked about is answered later
            real = dispatching(front(bot.deps, web_client(settings), lambda: "bench").app)
            default, immediate = (
                dispatching(empty_app(settings, False), verified_by_bolt=True),
                dispatching(empty_app(settings, True), verified_by_bolt=True),
            )
            rng = random.Random(2)
            numbers = [rng.randrange(customers) for _ in range(2 * rounds)]
            typed = {
                "empty listener, default": (default, ["ACME"] * rounds),
                "empty listener, process_before_response": (immediate, ["ACME"] * rounds),
                "/tier CODE": (real, [books.code(number + 1) for number in numbers[:rounds]]),
                "/tier exact name": (real, [names[number] for number in numbers[rounds:]]),
            }
            times = take_turns(typed, rounds)
        finally:
            bot.close()
    base = percentile([taken for taken, _ in times["empty listener, default"]], 50)
    table = Table(
        title=f"/tier among {customers:,} customers, {rounds} of each in turn",
        columns=(
            "what",
            "median ms",
            "p99 ms",
            "median / empty default listener",
            "processor, median ms",
            "p99 ms",
        ),
        notes=("Aim: at most 0.5 for /tier, or about 4 ms of processor.",),
    )
    for what, both in times.items():
        taken, busy = [taken for taken, _ in both], [busy for _, busy in both]
        median = percentile(taken, 50)
        table.add(
            what,
            milliseconds(median),
            milliseconds(percentile(taken, 99)),
            f"{median / base:.2f}",
            milliseconds(percentile(busy, 50)),
            milliseconds(percentile(busy, 99)),
        )
    return table


def settings_for(url: str, workspace: Workspace) -> Settings:
    return Settings(
        _env_file=None,
        TIERBOT_DATABASE_URL=url,
        SLACK_BOT_TOKEN="xoxb-local",
        SLACK_API_URL=workspace.api_url,
        SLACK_SIGNING_SECRET=SECRET,
        TIERBOT_CUSTOMERS_PER_DAY=1_000_000,  # counted, and never reached
    )


def empty_app(settings: Settings, immediate: bool) -> App:
    app = App(
        client=web_client(settings),
        signing_secret=SECRET,
        process_before_response=immediate,
        token_verification_enabled=False,
    )

    @app.command("/tier")
    def answer(ack: Ack) -> None:
        ack("ok")

    return app


def dispatching(app: App, *, user_id: str = ANNA_SCHMIDT.id, verified_by_bolt: bool = False) -> Ask:
    """Sign Slack's request for a typed text, verify it as the product does, or have Bolt do so, and dispatch it."""
    verifier = SignatureVerifier(SECRET)

    def ask(text: str) -> BoltResponse:
        body = urlencode(
            {
                "command": "/tier",
                "text": text,
                "user_id": user_id,
                "team_id": TEAM_ID,
                "channel_id": "C0BENCH",
                "response_url": "http://127.0.0.1:9/respond",
                "trigger_id": "1.2.3",
            }
        )
        now = str(int(time.time()))  # noqa: TID251 - as Slack writes it into the header
        signature = verifier.generate_signature(timestamp=now, body=body) or ""
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": now,
            "x-slack-signature": signature,
        }
        if verified_by_bolt:
            return app.dispatch(BoltRequest(body=body, headers=dict(headers)))
        if not is_signed(SECRET.encode(), now, signature, body.encode()):
            raise AssertionError("a wrong signature")
        return dispatch(app, body.encode(), headers)[0]

    return ask


def take_turns(typed: dict[str, tuple[Ask, list[str]]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds by the clock and of the process's threads, for each answer."""
    times: dict[str, list[tuple[float, float]]] = {what: [] for what in typed}
    for place in range(-5, rounds):  # the first ones warm up
        for what, (ask, texts) in typed.items():
            begin, busy = time.perf_counter(), time.process_time()
            response = ask(texts[max(place, 0)])
            taken = time.perf_counter() - begin, time.process_time() - busy
            if response.status != 200:
                raise AssertionError(f"{what}: HTTP {response.status}")
            if what.startswith("/tier") and "blocks" not in json.loads(response.body):
                raise AssertionError(f"{what}: no card for {texts[place]}: {response.body}")
            if place >= 0:
                times[what].append(taken)
    return times
