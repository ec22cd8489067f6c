"""Templates of log messages, mined from the messages alone: variable parts masked, then alike shapes merged.

Three steps, each on fewer texts than the one before. Words with digits become one sign, which leaves few distinct texts
of millions of messages. In those, what is variable by its look (paths, addresses, sizes, values after ``=``) becomes
``<*>``. At last a word becomes ``<*>`` where many different words stand at one place of an otherwise equal message and
none of them is frequent: three methods of a thousand requests are kinds of message, thirty users of forty logins are not.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Mapping

import polars as pl

from rca.ingest.contract import Sink

__all__ = ["Miner", "mask", "mine"]

_DIGIT_WORD = r"[A-Za-z0-9_]*[0-9][A-Za-z0-9_]*"
_LONGEST = 1_000
_DOMAINS = "com|net|org|edu|gov|mil|int|io|local|internal|lan|corp|svc|info|biz|hk|cn|jp|kr|uk|de|fr|ru|nl|se|fi|ch|es|br|au|ca|eu|tw|sg"
_MASKS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>()\]]+", "<*>"),
        (r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<*>"),
        (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b,? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b", "<*>"),
        (r"(?:\b(?:0|[A-Fa-f]{2}):){3,}(?:0|[A-Fa-f]{2})\b", "<*>"),
        (r"\b(?:true|false|null|True|False|None|TRUE|FALSE|NULL)\b", "<*>"),
        (r"(?:\.{0,2}/[\w.$@%~+*-]+){2,}/?(?:\?[^\s\"')\]]*)?|(?:\.{0,2}/[\w.$@%~+*-]+)+/", "<*>"),
        (r"(^|[ (\[=:\"',])\.{1,2}/[\w.$@%~+*/-]+", r"\1<*>"),
        (r"\b[\w$-]+(?:\.[\w$-]+)+/\.?[\w$.-]+", "<*>"),
        (r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+:0", "<*>"),
        (rf"\b[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:{_DOMAINS})\b(?![.\w-])", "<*>"),
        (r"=(?:\"[^\"]*\"|'[^']*')", "=<*>"),
        (r"([\w\])])=(?:\w*\{[^{}]*\}|[^\s,;()\[\]{}\"'<>=&|]+)", r"\1=<*>"),
        (r"<?\b0(?:\.0)? ?(?:[KMGT]i?B|B|bytes|secs?|seconds?|ms|msecs?|mins?|minutes?|hours?|days?|us|ns|s)\b(?: \([0.]+ [KMGT]i?B\))?", "<*>"),
        (r"[A-Za-z_#$@%*+-]*(?:\.[A-Za-z0-9_#$@%*+-]+)*0[A-Za-z0-9_#$@%*+-]*(?:\.[A-Za-z0-9_#$@%*+-]+)*", "<*>"),
    )
)  # fmt: skip
_GLUED = re.compile(r"(?:[\w.$@-]*/)*<\*>(?:[.:,/_+@#*%$-]*(?:<\*>|[/$][\w.$-]+))*")
_LISTED = re.compile(r"<\*>(?:(?:, ?| )<\*>)+")
_SPACE = re.compile(r"\s+")
_TOKEN = re.compile(r"<\*>|[A-Za-z0-9_.$@%/\\-]+|\s+|.")
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"})

_VALUES = 3
"""Different words at one place that make it variable."""
_FIRST_VALUES = 6
"""The same for the first word, which mostly names the event."""
_BARE_VALUES = 8
"""The same where one word alone would be left."""
_FREQUENT = 10
"""A word seen more often than this in its place is a kind of message; its median over the words counts."""
_MANY_VALUES = 8
"""So many different words make a place variable however often each occurs."""
_ROUNDS = 3
_MOST_SHAPES = 20_000
_MOST_KNOWN = 500_000

Tokens = tuple[str, ...]


def mask(text: str) -> str:
    """Return a message with what is variable by its look as ``<*>``.

    Examples
    --------
    >>> mask("Block blk_38 stored at /data/3/x.bin, size=12 MB, took 31 ms")
    'Block <*> stored at <*>, size=<*> MB, took <*>'
    """
    return _mask(re.sub(_DIGIT_WORD, "0", text.split("\n", 1)[0][:_LONGEST]))


def _mask(text: str) -> str:
    for pattern, into in _MASKS:
        text = pattern.sub(into, text)
    return _SPACE.sub(" ", _LISTED.sub("<*>", _GLUED.sub("<*>", text)).strip())


def mine(counts: Mapping[str, int], accepted: set[Tokens] | None = None) -> dict[str, str]:
    """Return the template of each masked message, by how often each occurs.

    Parameters
    ----------
    counts
        How often each masked message occurs.
    accepted
        Wider shapes that were found before: they hold, and those found now are added.

    Examples
    --------
    >>> mine({f"user {name} logged in": 1 for name in ("ann", "bob", "eve")})["user ann logged in"]
    'user <*> logged in'
    >>> mine({"VM Started (event)": 40, "VM Stopped (event)": 30, "VM Paused (event)": 20})["VM Paused (event)"]
    'VM Paused (event)'
    """
    settled: set[Tokens] = set() if accepted is None else accepted
    now: dict[str, Tokens] = {text: tuple(_TOKEN.findall(text)) for text in counts}
    for _ in range(_ROUNDS):
        size: Counter[Tokens] = Counter()
        for text, tokens in now.items():
            size[tokens] += counts[text]
        merged = _merge(size, settled)
        if not merged:
            break
        now = {text: merged.get(tokens, tokens) for text, tokens in now.items()}
    return {text: _LISTED.sub("<*>", _GLUED.sub("<*>", "".join(tokens))) for text, tokens in now.items()}


def _merge(size: Counter[Tokens], settled: set[Tokens]) -> dict[Tokens, Tokens]:
    """Return the wider shape of every shape that differs from enough others in one word."""
    wider: dict[Tokens, list[Tokens]] = {}
    needed: dict[Tokens, int] = {}
    for tokens in size:
        words = [at for at, token in enumerate(tokens) if _is_word(token)]
        if len(words) < 2:
            continue
        for at in words:
            key = (*tokens[:at], "<*>", *tokens[at + 1 :])
            wider.setdefault(key, []).append(tokens)
            least = _FIRST_VALUES if at == words[0] else _VALUES
            needed[key] = max(least, _BARE_VALUES) if len(words) < 3 else least
    found: dict[Tokens, Tokens] = {}
    for key, members in sorted(wider.items(), key=lambda item: (-len(item[1]), item[0])):
        if key not in settled:
            if len(members) < needed[key]:
                continue
            if len(members) < _MANY_VALUES and statistics.median_low([size[tokens] for tokens in members]) > _FREQUENT:
                continue
            settled.add(key)
        for tokens in members:
            found.setdefault(tokens, key)
    return found


def _is_word(token: str) -> bool:
    return (token[0].isalnum() or token[0] in "_$/") and token not in _METHODS


def _first_lines(bodies: pl.Series) -> pl.Series:
    """Return what a template is made of: the first line of each message, and of a very long one its beginning."""
    if bodies.str.contains("\n", literal=True).any():
        bodies = bodies.str.splitn("\n", 2).struct.field("field_0")
    longest = bodies.str.len_bytes().max()
    return bodies.str.slice(0, _LONGEST) if isinstance(longest, int) and longest > _LONGEST else bodies


class Miner:
    """Finds the templates of one file, block by block.

    The first block decides most of them. Shapes that come later are mined again whenever their number has grown by a
    quarter; what that changes of templates already given is settled by :meth:`finish`.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        """Masked text of each text without digits."""
        self._counts: Counter[str] = Counter()
        self._templates: dict[str, str] = {}
        self._given: dict[str, set[str]] = {}
        """Masked texts by the template that rows were given."""
        self._mined = 0
        self._accepted: set[Tokens] = set()

    def templates(self, bodies: pl.Series, given: pl.Series) -> pl.Series:
        """Return the template of each message; those that a logger gave stay."""
        text = _first_lines(bodies).str.replace_all(_DIGIT_WORD, "0")
        if (given != "").any():
            text = pl.select(pl.when(given == "").then(text)).to_series()
        frame = pl.DataFrame({"text": text, "given": given})
        texts = frame.group_by("text").len().drop_nulls("text")
        mapping = self._learn(dict(texts.iter_rows()))
        table = pl.DataFrame(
            {"text": list(mapping), "mined": list(mapping.values())}, schema={"text": pl.String, "mined": pl.String}
        )
        joined = frame.join(table, on="text", how="left", maintain_order="left")
        return joined.select(pl.coalesce("mined", "given").alias("template")).to_series()

    def _learn(self, texts: dict[str, int]) -> dict[str, str]:
        masked: dict[str, str] = {}
        for text, count in texts.items():
            shape = self._known.get(text)
            if shape is None:
                shape = _mask(text)
                if len(self._known) < _MOST_KNOWN:
                    self._known[text] = shape
            masked[text] = shape
            if shape in self._counts or len(self._counts) < _MOST_SHAPES:
                self._counts[shape] += count
        if len(self._counts) > self._mined * 1.25:
            self._templates = mine(self._counts, self._accepted)
            self._mined = len(self._counts)
        result = {}
        for text, shape in masked.items():
            template = self._templates.get(shape, shape)
            result[text] = template
            self._given.setdefault(template, set()).add(shape)
        return result

    def finish(self, sink: Sink) -> None:
        """Give rows that came before their template was known the one that later rows have."""
        if len(self._counts) > self._mined:
            self._templates = mine(self._counts, self._accepted)
        changes = {}
        for template, shapes in self._given.items():
            now = {self._templates.get(shape, shape) for shape in shapes}
            if len(now) == 1 and template not in now:
                changes[template] = now.pop()
        if changes:
            sink.amend("logs", "template", changes)
