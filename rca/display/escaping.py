"""The three ways from data into a text that somebody's program reads: HTML, Markdown, a terminal."""

from __future__ import annotations

import html
import re

__all__ = ["escape_html", "escape_markdown", "escape_terminal"]

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # a backslash before them is not understood by every renderer
_MARKDOWN = re.compile(
    r"""(?x)
    (?P<math>\\+(?:begin|end)\{)                      # notebooks set what follows as a formula
    | (?P<slashes>\\+)(?P<after>[!-/:-@\[-`{-~]|$)     # a backslash escapes punctuation, and breaks a line at its end
    | (?P<run>\\{2,})
    | (?P<sign>[`*\[\]|$~]|(?<=\])\(|:(?=//)|(?<![^\W_])_|_(?![^\W_])|(?<=[\w.+-])@(?=\w)|@(?=@)|(?<=@)@)
    | (?P<entity>&(?=\#?\w+;)|<(?=[A-Za-z/!?]))
    | (?P<link>(?<![^\W_])(?i:www)\.)"""
)
_LINE_START = re.compile(r"(?:#{1,6}(?=\s|$)|[-+](?=\s|$)|>|-[ -]*$|=+ *$|(?P<number>\d{1,9})[.)](?=\s|$))")
_LINE_END = re.compile(r"(?<=\s)(#+\s*)$")


def escape_html(value: object) -> str:
    """Return text that an HTML parser reads as text, with invisible characters shown.

    Examples
    --------
    >>> escape_html("</script><b>")
    '&lt;/script&gt;&lt;b&gt;'
    """
    return html.escape(escape_terminal(value), quote=True)


def escape_markdown(value: object) -> str:
    r"""Return text that Markdown renders as itself: no link, image, table cell, formula or tag begins in it.

    Only what has a meaning where it stands is escaped, by CommonMark, GitHub's extensions and the formulas of notebooks: a
    hyphen begins a list at the start of a line only, an underscore inside a word means nothing.

    Examples
    --------
    >>> escape_markdown("[x](javascript:y)|")
    '\\[x\\]\\(javascript:y)\\|'
    >>> escape_markdown("2026-11-23: p99 of db_calls < 5.")
    '2026-11-23: p99 of db_calls < 5.'
    """
    text = escape_terminal(value).replace("\n", " ").replace("\t", " ").strip()
    text = _LINE_END.sub(r"\\\1", _MARKDOWN.sub(_escaped, text))
    start = _LINE_START.match(text)
    if start is None:
        return text
    if text[0] == ">":
        return "&gt;" + text[1:]
    at = len(start["number"] or "")
    return f"{text[:at]}\\{text[at:]}"


def _escaped(found: re.Match[str]) -> str:
    if found["math"]:
        return found[0].replace("\\", "\\\\").replace("{", "\\{")
    if found["slashes"]:
        after = found["after"]
        if after and after in "()[]":  # two backslashes before a bracket begin a formula in notebooks
            return "\\\\" * len(found["slashes"]) + f"&#{ord(after)};"
        return "\\\\" * len(found["slashes"]) + (_ENTITIES.get(after) or (f"\\{after}" if after else ""))
    if found["run"]:
        return "\\\\" * len(found["run"])
    if found["entity"]:
        return _ENTITIES[found[0]]
    return f"{found[0][:-1]}\\{found[0][-1]}"


def escape_terminal(value: object) -> str:
    r"""Return text without control, bidirectional and zero-width characters; each is shown as ``\\uXXXX``.

    Examples
    --------
    >>> escape_terminal("a\x1b[31mb")
    'a\\u001b[31mb'
    """
    return _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(value))
