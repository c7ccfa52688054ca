"""`python -m bot.demo.workspace`: the workspace as a process of its own."""

from __future__ import annotations

import argparse
import signal
import sys
import threading

from bot.demo.workspace.default_team import CHANNELS, PEOPLE
from bot.demo.workspace.server import Workspace


def main() -> None:
    """Serve until SIGINT or SIGTERM; the first line printed is the address."""
    parser = argparse.ArgumentParser(description="A local Slack-compatible workspace on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="default: a free port")
    parser.add_argument("--bot-token", default="xoxb-local")
    parser.add_argument("--app-token", default="xapp-local")
    parser.add_argument("--event", action="append", default=[], help="an event the app has subscribed to")
    parser.add_argument("--signing-secret", default="local-signing-secret")
    parser.add_argument("--request-url", help="deliver by signed HTTP to this address, not by Socket Mode")
    parser.add_argument("--ack-seconds", type=float, default=3.0, help="how long Slack waits for an app")
    parser.add_argument("--seed", type=int, default=0, help="of the dice that faults are thrown with")
    parser.add_argument(
        "--control",
        action="store_true",
        help="let other processes switch faults and act for people under /control/ (see workspace/control.py)",
    )
    options = vars(parser.parse_args())
    request_url, events = options.pop("request_url"), options.pop("event")
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with Workspace(users=PEOPLE, channels=CHANNELS, events=events, **options) as workspace:
        if request_url:
            workspace.deliver_by_http(request_url)
        sys.stdout.write(f"{workspace.url}\n")
        sys.stdout.flush()
        ended.wait()


main()
