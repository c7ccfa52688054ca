"""Why the address of a database opens none, as a sentence."""

from bot.errors import N_, Phrase
from db.engine import AddressFault, Unusable

SENTENCES = {
    AddressFault.NO_ADDRESS: N_(
        "this is not a database URL; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME, and in the password @"
        " as %(at)s and / as %(slash)s"
    ),
    AddressFault.OTHER_PRODUCT: N_("%(product)s is not supported; use sqlite:///FILE or postgresql://…"),
    AddressFault.NO_DRIVER: N_(
        "PostgreSQL needs psycopg, which cannot be loaded (%(reason)s). Run: pip install 'tierbot[postgres]'"
    ),
    AddressFault.SLASHES: N_("a SQLite file has three slashes before its path, four before an absolute one"),
    AddressFault.FOLDER: N_("%(file)s is a folder; name a file in it"),
    AddressFault.NO_FOLDER: N_("the folder of %(file)s cannot be made: %(reason)s"),
}


def why_unusable(error: Unusable) -> Phrase:
    """The sentence for a person, in any language."""
    return Phrase(SENTENCES[error.why], at="%40", slash="%2F", **error.values)
