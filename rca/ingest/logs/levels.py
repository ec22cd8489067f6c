"""The level of a line that has it among other words of its header, or that has no time at all."""

from __future__ import annotations

import re

from rca.ingest.logs.severity import LEVEL_WORDS

__all__ = ["level_ahead", "level_of_plain"]

_MORE = (
    "SUCCESS|DDEBUG|SUBDEBUG|BLAT|FAULT|DEPRECATED|FAIL|VERB|LOG|SCHWERWIEGEND|WARNUNG|GRAVE|AVERTISSEMENT|INFOS|FEIN"
)
_WORD = rf"(?:{LEVEL_WORDS}|{_MORE})"
_LEVEL = re.compile(
    rf"[\[({{<](?:[^\[\]<>]{{1,60}}/|[\d:., ]+ )?\s*(?P<boxed>(?i:{_WORD}))\s*[\])}}>]"
    rf"|(?P<upper>{_WORD})(?=[\s\])>}}|:;,/\[(]|$)(?!(?: [a-z]+){{2}}:)"
    rf"|(?P<worded>(?i:{_WORD}))(?: error)?(?::(?=\s|$)|(?=[ \t]*[|;]|/\w+:|[ \t]{{2}}))"
    r"|(?P<letter>[TVDIWEFC])[1-5]?(?:!|(?= \| )|(?=\s+(?:[A-Z][A-Z_-]{2,}|-)\s{1,})|(?=\s{2}\S))"
    r"|(?P<short>(?:In|Wa|Er|Al|Cr|Db|Vb|No))\(\d+\)"
    rf"|(?i:level|severity|loglevel)[:=] ?[\[\"']?(?P<told>(?i:{_WORD}))\b"
)
_SHORT = {"In": "info", "Wa": "warning", "Er": "error", "Al": "alert", "Cr": "critical", "Db": "debug", "Vb": "verbose", "No": "notice"}  # fmt: skip
_PIECE = re.compile(
    r"\[[^\[\]]{0,160}\]|\{[^{}]{0,160}\}|\([^()]{0,120}\)|<[^<>\s]{0,80}>"
    r"|[\w.@-]+=(?:\"[^\"]*\"|\S*)"
    r"|[-|:;,>*#=⋮]+(?=\s|\w|$|[\[(<])"
    r"|[\w.$:-]+(?=[;|])"
    r"|\S*[\d.:/$_@#\\-]\S*"
)
_NAME = re.compile(r"[A-Z][A-Za-z]*(?=\s)|[a-z]\w*(?=\s{2}|\t| \[)")
_PIECES = 10
_REACH = 400
_LOGCAT = re.compile(r"(?P<level>[VDIWEFA])/[\w.$-]{1,60}\s*\(\s*\d+\): ")
_STARTS = re.compile(
    rf"(?P<boxed>[\[(<])?(?P<word>(?i:{_WORD}))(?(boxed)[\])>]|(?=\[\d{{4}}\]|:|\s{{2,}}|\t|\s+[-|\[(]|\s*$|(?<=[A-Z]) ))"
)
_CLOCK = re.compile(
    r"[\[(]?(?:\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:[AP]M)?|\d{1,9})[\])]?[ \t]+|\[ *\d+\.\d+s?\] ?"
)


def level_ahead(text: str, pieces: int = _PIECES, names: int = 1) -> str:
    """Return the level in the head of a text; empty where words of a message come before any.

    Parameters
    ----------
    text
        A line from where its time ends.
    pieces, names
        How many pieces of a header, and names without any mark among them, may stand before the level.

    Examples
    --------
    >>> level_ahead("pid=7 tid=abc class=HardJob WARN: late"), level_ahead(" {taskinstance.py:1157} INFO - ready")
    ('WARN', 'INFO')
    >>> level_ahead("E! [outputs] down"), level_ahead("queries: error: no zone"), level_ahead("the ERROR was ours")
    ('E', 'error', '')
    """
    at, end = 0, min(len(text), _REACH)
    for _ in range(pieces + 1):
        while at < end and text[at] in " \t":
            at += 1
        found = _LEVEL.match(text, at)
        if found:
            short = found["short"]
            return _SHORT[short] if short else next(group for group in found.groups() if group)
        piece = _PIECE.match(text, at)
        if piece is None or piece.end() == at:
            piece = _NAME.match(text, at) if names else None
            names -= 1
        if piece is None:
            return ""
        at = piece.end()
    return ""


def level_of_plain(text: str) -> str:
    """Return the level that a line without a date begins with, after a clock, a number or a thread at most.

    Examples
    --------
    >>> level_of_plain("WARNING:root:late"), level_of_plain("info: Host[0]"), level_of_plain("[ERROR] plugin/errors")
    ('WARNING', 'info', 'ERROR')
    >>> level_of_plain("12:00:00,123 ERROR [org.example] (main) down"), level_of_plain("Errors are not levels")
    ('ERROR', '')
    """
    found = _LOGCAT.match(text)
    if found:
        return found["level"]
    found = _STARTS.match(text)
    if found:
        return found["word"]
    clock = _CLOCK.match(text)
    if clock:
        return level_ahead(text[clock.end() :], 3, 0)
    boxed = _LEVEL.match(text) if text[:1] in "[(<" else None
    return (boxed["boxed"] or "") if boxed else ""
