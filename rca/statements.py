"""SQL statements as files: reading them, and what their headers promise.

A file holds one statement under a header that types and explains its parameters and columns::

    -- red: requests, errors and latency of one service by minute.
    -- param  $service VARCHAR      service whose entry spans are counted
    -- column minute_ns BIGINT      start of the minute
    -- merge  requests SUM          of records in two places, rows with the same other columns are added
    -- within $start_ns $end_ns     parameters that do nothing but cut the window

or several short ones, each under a line ``-- name: …``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

from rca.errors import QueryError, did_you_mean

__all__ = ["Field", "Statement", "named", "parse", "read", "statement_name"]

_HEADER = re.compile(r"--\s*(param|column)\s+(\S+)\s+((?:[A-Z0-9]+(?:\([^)]*\))?(?:\[\])?))\s*(.*)")
_MERGE = re.compile(r"(\w+) (SUM|MIN|MAX)")
_TITLE = re.compile(r"--\s*([a-z0-9_]+):\s*(.*)")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or column that a header promises."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement and what its header says of it."""

    name: str
    title: str
    sql: str
    params: tuple[Field, ...]
    columns: tuple[Field, ...]
    merge: Mapping[str, str]
    """How rows of two sets of records become those of both: SUM, MIN or MAX by column; the other columns are their keys."""
    within: tuple[str, ...]
    """Parameters that do nothing but cut a window: its start and its end, not included."""


def parse(name: str, text: str) -> Statement:
    r"""Return the statement of a file's text.

    Examples
    --------
    >>> parse("one", "-- one: the number one.\n-- column n INTEGER  one\nSELECT 1 AS n").columns[0].type
    'INTEGER'
    """
    title = ""
    params: list[Field] = []
    columns: list[Field] = []
    merge: dict[str, str] = {}
    within: tuple[str, ...] = ()
    for line in text.splitlines():
        if not line.startswith("--"):
            continue
        found = _HEADER.match(line)
        if found:
            field = Field(found[2].removeprefix("$"), found[3], found[4].strip())
            (params if found[1] == "param" else columns).append(field)
        elif line.startswith("-- merge "):
            merge = dict(_MERGE.findall(line))
        elif line.startswith("-- within "):
            within = tuple(re.findall(r"\$(\w+)", line))
        elif not title and (headline := _TITLE.match(line)):
            title = headline[2].strip()
    return Statement(name, title, text.strip(), tuple(params), tuple(columns), merge, within)


@cache
def read(package: str, name: str) -> Statement:
    """Return the statement in file ``name.sql`` of a package.

    Raises
    ------
    QueryError
        When there is no such file.
    """
    folder = resources.files(package)
    file = folder.joinpath(*f"{name}.sql".split("/"))
    if not file.is_file():
        known = [item.name.removesuffix(".sql") for item in folder.iterdir() if item.name.endswith(".sql")]
        raise QueryError(f"There is no statement {name!r}. {did_you_mean(name, known)}")
    return parse(name, file.read_text(encoding="utf-8"))


def statement_name(sql: str) -> str:
    r"""Return the name in the header of a statement; of one without a header, a name made from its text.

    Examples
    --------
    >>> statement_name("-- red: requests, errors and latency.\nSELECT 1"), statement_name("SELECT 1")
    ('red', 'query_e004ebd5')
    """
    found = _TITLE.match(sql)
    return found[1] if found else f"query_{sha256(sql.encode()).hexdigest()[:8]}"


@cache
def named(package: str, file: str) -> dict[str, str]:
    """Return the short statements of one file by the name above each."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+).*$", text, flags=re.MULTILINE)[1:]
    return {name: body.strip().rstrip(";") for name, body in zip(parts[::2], parts[1::2], strict=True)}
