"""Who waits for whom: sessions that wait for locks, and the one at the root."""

from __future__ import annotations

from collections import Counter
from typing import Any

import altair as alt

from rca.errors import NoDataError
from rca.figures.theme import AFTER, BEFORE, Chart, framed, label, titled
from rca.model import Finding

__all__ = ["lock_graph"]

_MOST = 40
"""Sessions that are drawn; of more, those that block most."""


def lock_graph(slow: Finding) -> Chart:
    """Draw sessions as points in columns, each to the right of what it waits for; the root is on the left.

    Parameters
    ----------
    slow
        From :func:`rca.slow_queries`; ``details["waits"]`` has ``waiter, holder, db_query_digest``.

    Raises
    ------
    NoDataError
        When the server's log tells of no wait for a lock whose holder it names.
    """
    waits = [wait for wait in slow.details.get("waits", ()) if wait["holder"] and wait["holder"] != wait["waiter"]]
    if not waits:
        raise NoDataError("The server's log names no session that waits for another (log_lock_waits).")
    links = Counter((wait["holder"], wait["waiter"]) for wait in waits)
    statement = {wait["waiter"]: wait["db_query_digest"] for wait in waits}
    depth = _depths(links)
    blocks = Counter(holder for holder, _ in links)
    kept = sorted(depth, key=lambda name: (depth[name], -blocks[name], name))[:_MOST]
    at = _places(kept, depth)
    nodes = [
        {"x": at[name][0], "y": at[name][1], "text": _words(name, blocks[name], statement.get(name, "")), "role": "root" if depth[name] == 0 else "waits"}
        for name in kept
    ]  # fmt: skip
    edges = [
        {"x": at[holder][0], "y": at[holder][1], "x2": at[waiter][0], "y2": at[waiter][1], "waits": count}
        for (holder, waiter), count in links.items()
        if holder in at and waiter in at
    ]
    deepest = max(depth[name] for name in kept)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.1, deepest + 1]))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[max(place[1] for place in at.values()) + 0.6, -0.6]))
    line = (
        alt.Chart(alt.InlineData(values=edges), description="Which session waits for which")
        .mark_rule(color="#aaa")
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q", strokeWidth=alt.StrokeWidth("waits:Q", legend=None, scale=alt.Scale(range=[1, 5])))
    )  # fmt: skip
    base = alt.Chart(alt.InlineData(values=nodes), description="Sessions").encode(x=x, y=y)
    roles = alt.Scale(domain=["root", "waits"], range=[AFTER, BEFORE])
    shapes = alt.Scale(domain=["root", "waits"], range=["diamond", "circle"])
    point = base.mark_point(filled=True, size=110, opacity=1).encode(
        color=alt.Color("role:N", title=None, scale=roles, legend=alt.Legend(orient="bottom")),
        shape=alt.Shape("role:N", title=None, scale=shapes),
    )
    # above the lines, and white around the letters, so that one that crosses does not strike them out
    words: dict[str, Any] = {"align": "left", "dx": 9, "dy": -9, "fontSize": 11}
    halo = base.mark_text(**words, stroke="white", strokeWidth=4).encode(text="text:N")
    text = base.mark_text(**words, color="#333").encode(text="text:N")
    more = "" if len(depth) <= _MOST else f"; {_MOST} of {len(depth)} sessions shown"
    roots = [name for name in kept if depth[name] == 0]
    claim = (
        f"Session {roots[0]} holds what {len(depth) - len(roots)} others wait for" if len(roots) == 1 else slow.claim
    )
    return alt.layer(line, halo, point, text).properties(height=max(120, 26 * len(kept))).properties(
        title=titled(claim, framed(slow.window), f"{len(waits)} waits; a wider line is a pair that waited more often{more}")
    )  # fmt: skip


def _words(name: str, blocked: int, statement: str) -> str:
    parts = [name, f"blocks {blocked}" if blocked else "", label(statement, 40) if statement else ""]
    return ", ".join(part for part in parts if part)


def _depths(links: Counter[tuple[str, str]]) -> dict[str, int]:
    """Return how many steps each session stands behind one that waits for nobody; a circle of waits counts as roots."""
    waiting = {waiter for _, waiter in links}
    names = {name for pair in links for name in pair}
    depth = dict.fromkeys(names - waiting, 0) or dict.fromkeys(names, 0)
    front = set(depth)
    while front:
        front = {waiter for holder, waiter in links if holder in front and waiter not in depth}
        step = max(depth.values()) + 1
        depth |= dict.fromkeys(front, step)
    return depth | dict.fromkeys(names - set(depth), 0)


def _places(names: list[str], depth: dict[str, int]) -> dict[str, tuple[float, float]]:
    """Return x and y of each session: a column for each depth, its sessions spread over the height of the longest."""
    columns: dict[int, list[str]] = {}
    for name in names:
        columns.setdefault(depth[name], []).append(name)
    tallest = max(len(column) for column in columns.values())
    found: dict[str, Any] = {}
    for level, column in columns.items():
        for row, name in enumerate(column):
            found[name] = (float(level), (row + 0.5) * tallest / len(column) - 0.5)
    return found
