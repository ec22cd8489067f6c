"""What a statement does: its tables, and which columns it compares, joins and sorts by. A recogniser, not a parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rca.digests import filters
from rca.digests.dialects import family
from rca.digests.recogniser import Recogniser
from rca.digests.words import word_set
from rca.digests.wrapped import unwrapped

__all__ = ["Statement", "describe"]

Columns = Mapping[str, tuple[str, ...]]
_WRITES = word_set(
    "INSERT UPDATE DELETE REPLACE MERGE UPSERT TRUNCATE CREATE ALTER DROP COPY LOAD FINDANDMODIFY FINDONEANDUPDATE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is known of a statement without a database: enough to propose an index and to tell a read from a write."""

    operation: str = ""
    """First verb, upper case; behind WITH the verb of the statement itself."""
    tables: tuple[str, ...] = ()
    """Tables or collections as written, in order, each once; names of WITH are not tables."""
    equality: Columns = field(default_factory=dict)
    """Columns by table that are compared with a value by ``=``, IN or IS NULL, in order."""
    range: Columns = field(default_factory=dict)
    """Columns by table that are compared by an inequality, BETWEEN or a LIKE with a fixed beginning."""
    sort: Columns = field(default_factory=dict)
    """Columns by table of the ORDER BY, in order."""
    joined: Columns = field(default_factory=dict)
    """Columns by table that are compared with a column of another table."""
    limit: int | None = None
    """Number of a LIMIT, TOP or FETCH FIRST where it is written out."""
    batch: int = 0
    """Rows of VALUES, or the length of the longest IN list, whichever is more; 0 where there is neither."""
    is_write: bool = False
    """Whether the statement changes rows or tables."""
    aggregates: bool = False
    """Whether it groups or aggregates: it then reads many rows by nature."""

    @property
    def collection(self) -> str:
        """The first table, or ``''``."""
        return self.tables[0] if self.tables else ""


def describe(sql: str, dialect: str | None = None) -> Statement:
    """Return what a statement does.

    Columns without a table name belong to the only table of their level; where several are possible they stand under ``''``.
    Columns inside a call, and those under an OR, name no index and are left out.

    Parameters
    ----------
    sql
        One statement; of several the first counts. MongoDB commands are JSON.
    dialect
        ``db.system.name``; left out, it is guessed.

    Examples
    --------
    >>> found = describe("SELECT * FROM promotions p WHERE p.user_id = 7 AND p.ends_at > now() ORDER BY p.rank LIMIT 3")
    >>> found.equality, found.range, found.sort, found.limit
    ({'promotions': ('user_id',)}, {'promotions': ('ends_at',)}, {'promotions': ('rank',)}, 3)
    """
    kind = family(dialect, sql)
    if kind == "documents":
        return _of_command(sql)
    if kind == "keyvalue":
        words = sql.split()
        return Statement(operation=words[0].upper() if words else "")
    seen = Recogniser(unwrapped(sql) if kind == "mssql" else sql, kind)
    seen.run()
    return Statement(
        operation=seen.operation,
        tables=tuple(dict.fromkeys(seen.tables)),
        equality=_frozen(seen.equality),
        range=_frozen(seen.range),
        sort=_frozen(seen.sort),
        joined=_frozen(seen.joined),
        limit=seen.limit,
        batch=seen.batch,
        is_write=seen.operation in _WRITES,
        aggregates=seen.aggregates,
    )


def _of_command(text: str) -> Statement:
    found = filters.command(text)
    name = found.collection
    return Statement(
        operation=found.operation,
        tables=(name,) if name else (),
        equality={name: tuple(found.equality)} if found.equality else {},
        range={name: tuple(found.range)} if found.range else {},
        sort={name: tuple(found.sort)} if found.sort else {},
        limit=found.limit,
        batch=found.batch,
        is_write=found.operation in _WRITES,
        aggregates=found.aggregates,
    )


def _frozen(columns: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {table: tuple(dict.fromkeys(names)) for table, names in columns.items() if names}
