"""Words to look for in notes: which ones, since when, and at which customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.services.ask.questions.atoms import unquoted
from bot.services.ask.questions.grammar.parts import PhrasePart
from bot.services.ask.questions.query import Aspect, FoundNotes
from bot.services.ask.questions.tokens import Token

_PERIODS = (PhrasePart.SINCE, PhrasePart.LENGTH, PhrasePart.OVER, PhrasePart.FUTURE)
_BEFORE = (PhrasePart.FILLER, PhrasePart.OF, PhrasePart.PAST, PhrasePart.CUSTOMERS, PhrasePart.NOT)
_SOMEBODY = {"did", "who", "anyone", "anybody", "someone", "somebody", "has", "have", "we", "they", "i"}
_SINGLE = "'‘’`"


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What a text looks for in notes. `rest` are the tokens of the words; no `found` where more than words is said."""

    rest: Sequence[Token]
    found: FoundNotes | None = None
    is_quoted: bool = False
    period: PhrasePart | None = None  # one that lists of notes do not know


def sought(text: str, tokens: Sequence[Token], today: date) -> Sought | None:
    """What a text looks for in notes; None where it does not."""
    place = next((at for at, token in enumerate(tokens) if token.part is PhrasePart.NOTES_ABOUT), None)
    if place is None:
        return _quoted_in_notes(text, tokens)
    if is_to_write(text, tokens[place].start, tokens[place].end):
        return None
    before = [token for token in tokens[:place] if token.part not in _BEFORE]
    if any(token.part not in (*_PERIODS, PhrasePart.APART) for token in before):
        return None
    rest = _without_where(text, _trimmed(tokens[place + 1 :]))
    periods = [token for token in before if token.part in _PERIODS]
    while len(rest) > 1 and rest[-1].part in _PERIODS:
        periods.append(rest[-1])
        rest = _trimmed(rest[:-1])
    if len(periods) > 1 or any(token.part not in (PhrasePart.SINCE, PhrasePart.LENGTH) for token in periods):
        return Sought(rest=rest, period=periods[-1].part)
    since = _since(periods[0], today) if periods else None
    if not rest:
        return Sought(rest=rest)
    written = text[rest[0].start : rest[-1].end].strip()
    held = unquoted(written)
    if held is None and written[0] in _SINGLE and written[-1] in _SINGLE and len(written) > 2:
        held = written.strip(_SINGLE)
    if held is not None:
        return Sought(rest=rest, found=FoundNotes(words=held, since=since), is_quoted=True)
    quoted = [token for token in rest if token.part in (PhrasePart.QUOTED, PhrasePart.VALUE)]
    between = [token for token in rest[1:-1] if token.part is not PhrasePart.APART and not token.is_empty]
    first, last = (unquoted(text[one.start : one.end]) for one in (rest[0], rest[-1]))
    if len(quoted) == 2 and first and last and all(one.part is PhrasePart.CUSTOMERS for one in between):
        return Sought(rest=rest, found=FoundNotes(words=first, customer=last, since=since), is_quoted=True)
    return Sought(rest=rest, found=FoundNotes(words=written, since=since))


def is_to_write(text: str, start: int, end: int) -> bool:
    """Whether words that ask what somebody wrote tell to write it: write something about ACME."""
    is_verb = text[start:end].casefold().startswith(("write ", "note anything", "note something"))
    return is_verb and not _SOMEBODY & set(text[:start].casefold().split())


def _quoted_in_notes(text: str, tokens: Sequence[Token]) -> Sought | None:
    """Words in quotation marks, and `in all notes` behind them."""
    rest = _without_where(text, list(tokens))
    if len(rest) != 1 or len(tokens) == 1 or (held := unquoted(text[rest[0].start : rest[0].end])) is None:
        return None
    return Sought(rest=rest, found=FoundNotes(words=held), is_quoted=True)


def _without_where(text: str, tokens: list[Token]) -> list[Token]:
    """Without `in all notes` behind the words."""
    where = len(tokens) - 1
    while where > 0 and tokens[where - 1].part is PhrasePart.FILLER:
        where -= 1
    is_said = bool(tokens) and tokens[-1].part is PhrasePart.ASPECT and tokens[-1].meaning is Aspect.NOTES
    is_in = 0 < where < len(tokens) - 1 and text[tokens[where].start : tokens[where].end].casefold() == "in"
    return tokens[:where] if is_said and is_in else tokens


def _since(period: Token, today: date) -> date:
    since: date = (
        period.meaning if period.part is PhrasePart.SINCE else today - timedelta(days=period.meaning)
    )
    return since


def _trimmed(tokens: Sequence[Token]) -> list[Token]:
    """Without what changes nothing at both ends, and without `… 的客户` behind the words."""
    rest = list(tokens)
    if len(rest) > 2 and rest[-1].part is PhrasePart.CUSTOMERS and rest[-2].is_empty:
        rest = rest[:-1]
    while rest and (rest[0].is_empty or rest[0].part is PhrasePart.APART):
        rest = rest[1:]
    while rest and (
        (rest[-1].is_empty and rest[-1].part is PhrasePart.FILLER) or rest[-1].part is PhrasePart.APART
    ):
        rest = rest[:-1]
    return rest
