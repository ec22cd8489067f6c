"""Normal form of key-value commands: the command, the pattern of its key, and a ``?`` for the rest."""

from __future__ import annotations

import re

from rca.digests.words import word_set

__all__ = ["keyvalue"]

_ARGUMENT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\S+", re.DOTALL)
_PART = re.compile(r"[:/|.]|[^:/|.]+")
_NUMBER = re.compile(r"(?<=[_-])[0-9]+(?=[_-]|$)")
_ID = re.compile(
    r"[0-9]+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{12,}|.*[0-9]{3,}.*|\{.*\}|\?+|<.*>|.*@.*"
)
_TWO_WORDS = word_set("config client cluster script object memory xgroup xinfo acl command debug function module")
_NO_KEY = word_set("ping auth hello select echo eval evalsha info multi exec discard watch unwatch config client")
_MANY_KEYS = word_set("mget del unlink exists touch watch pfcount sunion sinter sdiff get gets")


def keyvalue(text: str) -> str:
    """Return the normal form of a command, or of a pipeline with one command a line.

    Examples
    --------
    >>> keyvalue("GET cart:4711:items"), keyvalue("SET session:9f86d081884c7d65 '{}' EX 60"), keyvalue("get cart_17")
    ('GET cart:?:items', 'SET session:? ?', 'GET cart_?')
    """
    lines = [_command(line) for line in text.splitlines() if line.strip()]
    kept: list[str] = []
    for line in lines:
        if not kept or kept[-1] != line:
            kept.append(line)
    return "; ".join(kept)


def _command(line: str) -> str:
    words: list[str] = _ARGUMENT.findall(line)
    head = words[0].upper()
    rest = words[1:]
    if head.lower() in _TWO_WORDS and rest:
        head, rest = f"{head} {rest[0].upper()}", rest[1:]
    if not rest:
        return head
    if words[0].lower() in _NO_KEY:
        return f"{head} ?"
    if words[0].lower() in _MANY_KEYS:
        keys = sorted({_key(word) for word in rest})
        return " ".join([head, *keys])
    return " ".join([head, _key(rest[0]), *(["?"] if len(rest) > 1 else [])])


def _key(word: str) -> str:
    bare = word.strip("\"'")
    return "".join("?" if _ID.fullmatch(part) else _NUMBER.sub("?", part) for part in _PART.findall(bare)) or "?"
