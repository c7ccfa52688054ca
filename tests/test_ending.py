"""A process that got the signal to end has ended before its host kills it."""

import subprocess
import sys

HANGS = """
import threading
from bot.cli.run import end_within
threading.Thread(target=threading.Event().wait, name="of-some-library").start()
end_within(0.2)
"""


def test_a_thread_that_never_ends_is_named_and_does_not_delay_the_end() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0
    assert "of-some-library" in ended.stdout + ended.stderr
