"""The workspace as a separate process."""

from __future__ import annotations

import signal
import subprocess
import sys

from slack_sdk import WebClient


def test_the_workspace_runs_as_a_process_and_ends_on_sigterm() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot.demo.workspace", "--bot-token", "xoxb-own"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = WebClient("xoxb-own", base_url=f"{url}/api/", retry_handlers=[])
        names = [user["name"] for user in client.users_list()["members"]]
        channels = [channel["name"] for channel in client.conversations_list()["channels"]]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    people = ["lin.wei", "anna.schmidt", "omar.haddad", "grace.chen", "julia.brandt", "zhou.yu"]
    assert names == ["tierbot", *people]
    assert channels == ["general", "key-accounts", "managers", "vip-emergency"]
