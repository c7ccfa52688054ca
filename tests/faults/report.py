"""The outcome of a fault: its figures, and the promises that were broken."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Outcome:
    figures: dict[str, object]
    broken: list[str] = field(default_factory=list)

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)


def line(code: str, name: str, kind: str, seconds: float, outcome: Outcome) -> str:
    figures = ", ".join(f"{word} {value}" for word, value in outcome.figures.items())
    verdict = "held" if not outcome.broken else "BROKEN: " + "; ".join(outcome.broken)
    return f"{code}  {name:<34}  {kind:<10}  {seconds:6.1f} s  {verdict:<6}  {figures}"
