"""The panel beside the conversation: named actions such as "One day passes"."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.state.memory import State
from bot.demo.workspace.state.records import Control, Said


@dataclass(frozen=True, kw_only=True)
class ControlRun:
    """How the last run of a control stands: running, done or failed, and its sentence."""

    status: str
    sentence: str | Said = ""
    number: int = 0


class Controls:
    """Runs one control at a time, in a thread of its own."""

    def __init__(self, state: State, controls: Iterable[Control]) -> None:
        self._state = state
        self.controls = {control.id: control for control in controls}
        self.runs: dict[str, ControlRun] = {}
        self._thread: threading.Thread | None = None

    def start(self, control_id: str, values: Mapping[str, str]) -> None:
        """Begin a control; `control_not_found`, or `control_busy` while another runs."""
        control = self.controls.get(control_id)
        if control is None:
            raise ApiError("control_not_found")
        known = {choice.id: choice.initial for choice in control.choices}
        given = known | {name: str(value) for name, value in values.items() if name in known}
        with self._state.changed:
            if any(run.status == "running" for run in self.runs.values()):
                raise ApiError("control_busy")
            self._set(control_id, ControlRun(status="running", number=self._state.next_number()))
            self._thread = threading.Thread(
                target=self._work, args=(control, given), name=f"control-{control_id}", daemon=True
            )
            self._thread.start()

    def _set(self, control_id: str, run: ControlRun) -> None:
        with self._state.changed:
            self.runs[control_id] = run
            self._state.bump()

    def _work(self, control: Control, values: Mapping[str, str]) -> None:
        running = self.runs[control.id]
        try:
            sentence = control.run(
                values, lambda text: self._set(control.id, replace(running, sentence=text))
            )
            self._set(control.id, replace(running, status="done", sentence=sentence))
        # Whatever a control does wrong is a sentence on the page, never the end of the server.
        except Exception as error:
            self._set(
                control.id, replace(running, status="failed", sentence=str(error) or type(error).__name__)
            )

    def wait(self, timeout: float = 30.0) -> None:
        """Wait for a running control to end."""
        if self._thread is not None:
            self._thread.join(timeout)
