"""How a database's address is shown, and what in it is secret."""

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

HIDDEN = "hidden"
# Query parameters without secrets. Any other is hidden, because psycopg also takes passwords as parameters.
_OPEN = frozenset({"host", "port", "dbname", "user", "sslmode", "connect_timeout", "application_name"})


def parsed(address: str) -> URL | None:
    """The address as SQLAlchemy reads it; None where it is no URL, or where part of a password may be read as a host."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        return None
    if url.get_backend_name() != "sqlite" and "@" in f"{url.host}{url.database}":
        return None
    return url


def without_secrets(address: str) -> str:
    """A database URL as it may be shown; of what is no URL only what can hold no password."""
    url = parsed(address)
    if url is None:
        system, separator, _ = address.partition("://")
        shown = f"{system}://…" if separator and system.replace("+", "").isalnum() else "…"
        return shown if _may_hold_password(address) else address
    hidden = dict.fromkeys(hidden_parameters(url), HIDDEN)
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def hidden_parameters(url: URL) -> dict[str, str | tuple[str, ...]]:
    """The query parameters of an address that may hold a secret."""
    return {name: value for name, value in url.query.items() if name not in _OPEN}


def secrets_of(address: str) -> tuple[str, ...]:
    """The passwords in a database URL, as a driver may quote them; of what is no URL all of it."""
    url = parsed(address)
    if url is None:
        return (address,) if _may_hold_password(address) else ()
    hidden = [url.password]
    for value in hidden_parameters(url).values():
        hidden += [value] if isinstance(value, str) else value
    return tuple(one for one in hidden if one)


def _may_hold_password(address: str) -> bool:
    """Whether it is more than the name of a file."""
    return any(sign in "@=: " for sign in address)
