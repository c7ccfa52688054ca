"""A process that was told to end has ended before its host kills it."""

import subprocess
import sys

HANGS = """
import threading
from bot.cli.run import end_within
threading.Thread(target=threading.Event().wait, name="of-some-library").start()
end_within(0.2)
"""


def test_a_thread_that_never_ends_holds_no_process_up_and_is_named() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0
    assert "of-some-library" in ended.stdout + ended.stderr
