"""The controls at the side of the page: named actions such as "One day passes"."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

from bot.demo.workspace.api_error import ApiError
from bot.demo.workspace.records import Json
from bot.demo.workspace.state.memory import State


@dataclass(frozen=True)
class Bilingual:
    """A text in the languages of the page."""

    en: str
    zh: str


Sentence = str | Bilingual
#: (the form's values, a function that shows progress) -> the sentence to show in the end.
Run = Callable[[Mapping[str, str], Callable[[Sentence], None]], Sentence]


@dataclass(frozen=True, kw_only=True)
class ControlField:
    """One field of a control's small form; `options` are the texts by their value."""

    id: str
    label: Bilingual
    kind: Literal["select", "date", "text"] = "select"
    options: Mapping[str, Bilingual] = field(default_factory=dict)
    initial: str = ""

    def json(self) -> Json:
        """For the page."""
        options = [{"value": value, **asdict(text)} for value, text in self.options.items()]
        return asdict(self) | {"options": options}


@dataclass(frozen=True, kw_only=True)
class Control:
    """A named action. The text of an exception that `run` raises is shown in place of its sentence."""

    id: str
    label: Bilingual
    run: Run
    description: Bilingual = Bilingual("", "")
    choices: tuple[ControlField, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ControlRun:
    """The last run of a control; its status is running, done or failed."""

    status: str
    sentence: Sentence = ""
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
            done = control.run(values, lambda text: self._set(control.id, replace(running, sentence=text)))
            self._set(control.id, replace(running, status="done", sentence=done))
        # A control that fails shows a sentence on the page; the server goes on.
        except Exception as error:
            sentence = str(error) or type(error).__name__
            self._set(control.id, replace(running, status="failed", sentence=sentence))

    def wait(self, timeout: float = 30.0) -> None:
        """Wait for a running control to end."""
        if self._thread is not None:
            self._thread.join(timeout)

    def json(self) -> list[Json]:
        """For the page."""
        return [
            {
                "id": control.id,
                "label": asdict(control.label),
                "description": asdict(control.description),
                "choices": [choice.json() for choice in control.choices],
                "run": asdict(self.runs[control.id]) if control.id in self.runs else None,
            }
            for control in self.controls.values()
        ]
