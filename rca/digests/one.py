"""The digest of one statement in each style."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from rca.digests import otel, pmm, pt
from rca.digests.canonical import canonical
from rca.digests.dialects import family
from rca.digests.documents import document
from rca.digests.keyvalue import keyvalue
from rca.digests.wrapped import unwrapped
from rca.errors import OptionError, did_you_mean

__all__ = ["STYLES", "digest", "digest_id"]

STYLES = ("rca", "pt", "pmm", "otel", "pg")
"""The house's own, pt-query-digest, Percona Monitoring and Management, OpenTelemetry, PostgreSQL's parser."""


def digest(sql: str, dialect: str | None = None, style: str = "rca") -> str:
    """Return the normalised statement: the same for statements that differ only in values.

    Parameters
    ----------
    sql
        A statement in SQL or CQL, a MongoDB command as JSON, an Elasticsearch request, a Redis command.
    dialect
        A ``db.system.name`` of OpenTelemetry (mysql, postgresql, microsoft.sql_server, mongodb, redis, other_sql, …) or
        None: then the statement decides.
    style
        ``rca`` (default): values, comments, result aliases, the order of select lists, AND-ed conditions and assignments,
        lengths of lists and batches say nothing. ``pt``, ``pmm``, ``otel``: the texts of pt-query-digest, Percona
        Monitoring and Management, OpenTelemetry sanitising. ``pg``: the fingerprint of PostgreSQL's own parser, 16 hex
        digits; needs ``pip install 'rca[pg]'``.

    Raises
    ------
    OptionError
        When the style is unknown, or ``pg`` is asked for and its parser is missing or refuses the statement.

    Examples
    --------
    >>> digest("SELECT * FROM promotions WHERE user_id = %(user)s::INTEGER")
    'select * from promotions where user_id = ?'
    >>> digest("SELECT * FROM promotions WHERE user_id = $1::INTEGER", "postgresql")
    'select * from promotions where user_id = ?'
    """
    if style not in STYLES:
        raise OptionError(f"There is no digest style {style!r}. {did_you_mean(style, STYLES)}")
    if style == "rca":
        return _house(sql, dialect)
    if style == "pg":
        return _postgres(sql)
    kind = family(dialect, sql)
    if kind in ("documents", "keyvalue"):
        return _house(sql, dialect)
    if style == "otel":
        return otel.fingerprint(sql, kind)
    return pt.fingerprint(sql) if style == "pt" else pmm.fingerprint(sql)


@lru_cache(maxsize=4096)
def _house(sql: str, dialect: str | None) -> str:
    kind = family(dialect, sql)
    if kind == "documents":
        found = document(sql)
        return found if found is not None else canonical(sql, "ansi")
    if kind == "keyvalue":
        return keyvalue(sql)
    return canonical(unwrapped(sql) if kind == "mssql" else sql, kind)


def digest_id(digest: str) -> str:
    """Return 16 hex digits that name a digest, for file names, links and alerts.

    Examples
    --------
    >>> digest_id("select ?")
    'b9a4c90ce4157373'
    """
    return hashlib.blake2b(digest.encode(), digest_size=8).hexdigest()


def _postgres(sql: str) -> str:
    try:
        from pglast.parser import ParseError, fingerprint
    except ImportError:
        raise OptionError("Style 'pg' needs PostgreSQL's parser. Install it with: pip install 'rca[pg]'") from None
    try:
        return str(fingerprint(sql))
    except ParseError as error:
        raise OptionError(
            f"PostgreSQL's parser refuses {sql[:80]!r}: {error}. Style 'rca' takes any statement."
        ) from None
