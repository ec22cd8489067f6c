"""What readers of files make of texts, made of the distinct texts of an engine elsewhere: digests and templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pyarrow as pa

from rca.digests import digest_many
from rca.ingest.templates import mask, mine

__all__ = ["LEARNERS", "digests", "templates"]


def digests(texts: pa.Table) -> dict[str, str]:
    """Return the digest of each statement, by its key.

    Parameters
    ----------
    texts
        ``key``, ``text`` (the statement) and ``system`` (its database system).

    Examples
    --------
    >>> digests(pa.table({"key": ["a"], "text": ["SELECT 1"], "system": ["mysql"], "n": [3]}))
    {'a': 'select ?'}
    """
    found: dict[str, str] = {}
    rows = texts.to_pylist()
    for system in sorted({row["system"] for row in rows}):
        mine_ = [row for row in rows if row["system"] == system]
        made = digest_many([row["text"] for row in mine_], system or None)
        found.update(zip((row["key"] for row in mine_), made, strict=True))
    return found


def templates(texts: pa.Table) -> dict[str, str]:
    """Return the template of each kind of message, by its key: the message with its words that hold digits masked.

    Parameters
    ----------
    texts
        ``key``, ``text`` (one message of the kind) and ``n`` (how many there are).

    Examples
    --------
    >>> templates(pa.table({"key": ["took 0"], "text": ["took 31ms"], "system": [""], "n": [9]}))
    {'took 0': 'took <*>'}
    """
    rows = texts.to_pylist()
    shapes = {row["key"]: mask(row["text"]) for row in rows}
    counts: Counter[str] = Counter()
    for row in rows:
        counts[shapes[row["key"]]] += row["n"]
    mined = mine(counts)
    return {key: mined[shape] for key, shape in shapes.items()}


LEARNERS: Mapping[str, Callable[[pa.Table], Mapping[str, str]]] = {"db_query_digest": digests, "template": templates}
"""By the column that they fill."""
