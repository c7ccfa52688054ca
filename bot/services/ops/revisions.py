"""What to do about a database of another revision."""

from bot.errors import N_, NotReady, Phrase
from db.schema import NewerSchema, SchemaMismatch


def other_revision(mismatch: SchemaMismatch) -> NotReady:
    """The error to raise: an older revision can be upgraded, one that this code does not know cannot."""
    if isinstance(mismatch, NewerSchema):
        return NotReady(
            N_(
                "The database is at revision %(found)s, which this version of Tierbot does not know: a newer version"
                " has upgraded it. Install that version again, or restore the backup from before its upgrade."
            ),
            found=mismatch.found,
        )
    return NotReady(
        N_(
            "The database is at revision %(found)s, this version of Tierbot needs %(wanted)s."
            " Run: tierbot db upgrade (or install the version that fits)."
        ),
        found=mismatch.found or Phrase(N_("none")),
        wanted=mismatch.wanted,
    )
