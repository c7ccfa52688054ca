"""Secrets of the settings, and the address they are sent to: read from files, and checked without being quoted."""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.errors import N_, Phrase

LARGEST = 64 * 1024  # bytes of a secret's file
_TOKEN = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+").fullmatch


def value_or_file(value: SecretStr | str | None, file: Path | None, variable: str) -> SecretStr | str | None:
    """A secret as it is set, or the content of the file that the setting `variable`_FILE names. Raises ValueError."""
    if file is None:
        return value
    given = value.get_secret_value() if isinstance(value, SecretStr) else value
    if given:
        raise ValueError(
            Phrase(N_("is set, and so is %(file)s; remove one of them"), file=f"{variable}_FILE")
        )
    return SecretStr(_content(file))


def _content(file: Path) -> str:
    """The one line of a file, without the line break at its end. Raises ValueError."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST + 1)
        lines = raw.decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        raise ValueError(
            Phrase(
                N_("the file %(file)s does not exist; write the secret into it, or name another"), file=file
            )
        ) from None
    except IsADirectoryError:
        raise ValueError(Phrase(N_("%(file)s is a folder; name the file in it"), file=file)) from None
    except UnicodeDecodeError:
        raise ValueError(
            Phrase(N_("the file %(file)s is not text; it must hold only the secret"), file=file)
        ) from None
    except OSError as error:
        raise ValueError(
            Phrase(
                N_(
                    "the file %(file)s cannot be read: %(problem)s; let the account that runs Tierbot read it"
                ),
                file=file,
                problem=error.strerror,
            )
        ) from None
    found = [line for line in lines if line.strip()]
    if not found:
        raise ValueError(Phrase(N_("the file %(file)s is empty; write the secret into it"), file=file))
    if len(found) > 1 or len(raw) > LARGEST:
        raise ValueError(
            Phrase(N_("the file %(file)s has more than one line; it must hold only the secret"), file=file)
        )
    return found[0]


def check_token(value: SecretStr | None, wanted: str) -> SecretStr | None:
    """A token of Slack that starts with `wanted`; None for an empty one. Raises ValueError."""
    found = _stripped(value)
    if not found:
        return None
    if found[0] in "\"'“":
        raise ValueError(Phrase(N_("stands in quotation marks; leave them out")))
    if found.startswith("xoxe"):
        raise ValueError(
            Phrase(
                N_(
                    "starts with %(start)s and expires after hours, because the app rotates its tokens; that cannot be"
                    " switched off, so create a new app from the output of tierbot manifest and copy its token"
                ),
                start=repr(found[:5]),
            )
        )
    if not found.startswith(wanted):
        raise ValueError(
            Phrase(
                N_("starts with %(start)s, but this token must start with %(wanted)s; are two swapped?"),
                start=repr(found[:5]),
                wanted=repr(wanted),
            )
        )
    if not found.isascii() or not _TOKEN(found):
        raise ValueError(
            Phrase(N_("holds characters that no token has; copy it again from your Slack app's page"))
        )
    return SecretStr(found)


def check_signing_secret(value: SecretStr | None) -> SecretStr | None:
    """A signing secret; None for an empty one. Raises ValueError."""
    found = _stripped(value)
    if found.startswith(("xox", "xapp-")):
        raise ValueError(
            Phrase(N_("is a token; the signing secret is under Basic Information; are two swapped?"))
        )
    if any(letter.isspace() or letter in "\"'" for letter in found):
        raise ValueError(
            Phrase(N_("holds a space or a quotation mark; copy it again from your Slack app's page"))
        )
    return SecretStr(found) if found else None


def check_address(value: str) -> str:
    """An address of Slack's Web API. Every call carries the token: it may leave the machine encrypted only."""
    try:
        address = urlsplit(value)
    except ValueError:  # a bracket of an IPv6 address is missing
        raise ValueError(Phrase(N_("%(value)s is not an address"), value=repr(value))) from None
    if address.username is not None:
        raise ValueError(Phrase(N_("holds a user name before @; leave it out")))
    if address.scheme != "https" and not _is_loopback(address.hostname or ""):
        raise ValueError(
            Phrase(
                N_(
                    "%(value)s would send the token without encryption; use https://, or http:// on 127.0.0.1"
                ),
                value=repr(value),
            )
        )
    return value


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _stripped(value: SecretStr | None) -> str:
    return value.get_secret_value().strip() if value is not None else ""
