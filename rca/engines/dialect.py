"""What differs between engines: names of types, and a few words. Everything else is the portable subset."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Dialect", "expand", "kind_of", "split_arguments"]

_WORD = re.compile(r"@(\w+)\(")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one engine says what the portable subset leaves open.

    ``words`` hold the text of a macro by its name, or by name and kind of its first argument (``ns:timestamp``); ``{0}``,
    ``{1}`` stand for the arguments. ``rewrites`` are applied to whole statements.
    """

    name: str
    types: Mapping[str, str]
    """The engine's type of each canonical type, such that a value can be NULL where the canonical one can."""
    words: Mapping[str, str]
    kinds: Mapping[str, str]
    """Regular expression of the engine's type names by kind: timestamp, map, json, …; the first that matches holds."""
    quote: str = '"'
    escapes: bool = True
    """Whether a backslash in a text escapes."""
    rewrites: Sequence[tuple[str, str]] = field(default=())

    def quoted(self, name: str) -> str:
        """Return an identifier quoted; parts of a qualified name are quoted each by itself by the caller."""
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote

    def cast(self, expression: str, canonical: str) -> str:
        """Return the expression as a value of a canonical type."""
        return f"CAST({expression} AS {self.types[canonical]})"

    def literal(self, value: object) -> str:
        """Return a value as the engine writes it."""
        if value is None:
            return "NULL"
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, str):
            text = value.replace("\\", "\\\\") if self.escapes else value
            return "'" + text.replace("'", "\\'" if self.escapes else "''") + "'"
        if isinstance(value, Mapping):
            return (
                self.words["make:map"].format(
                    *(", ".join(map(self.literal, part)) for part in (value.keys(), value.values()))
                )
                if value
                else self.words["empty:map"]
            )
        if isinstance(value, Sequence):
            return (
                self.words["make:list"].format(", ".join(map(self.literal, value)))
                if value
                else self.words["empty:list"]
            )
        return repr(value)

    def lookup(self, key: str, known: Mapping[str, str]) -> str:
        """Return what a text is known to be, '' where it is not."""
        return self.words["lookup"].format(
            key, ", ".join(map(self.literal, known)), ", ".join(map(self.literal, known.values()))
        )

    def rewritten(self, sql: str) -> str:
        """Return a portable statement in the engine's words."""
        parts = re.split(r"('(?:[^']|'')*')", sql)
        for at in range(0, len(parts), 2):
            for pattern, into in self.rewrites:
                parts[at] = re.sub(pattern, into, parts[at])
        parts[1::2] = [self.literal(text[1:-1].replace("''", "'")) for text in parts[1::2]]
        return re.sub(r", 'g'\)", ")", "".join(parts))  # every match is replaced anyway

    def word(self, name: str, kind: str = "") -> str | None:
        """Return the text of a macro, of the given kind of argument if there is one of it."""
        return self.words.get(f"{name}:{kind}", self.words.get(name))


def kind_of(dialect: Dialect, type_name: str) -> str:
    """Return the kind of an engine's type: ``timestamp``, ``int``, ``text``, ``map``, ``json``, … or ``other``."""
    for kind, pattern in dialect.kinds.items():
        if re.match(pattern, type_name, re.IGNORECASE):
            return kind
    return "other"


def split_arguments(text: str) -> list[str]:
    """Split at commas that are in no parentheses and no text.

    Examples
    --------
    >>> split_arguments("a, f(b, c), 'd,e'")
    ['a', 'f(b, c)', "'d,e'"]
    """
    parts, depth, start, inside = [], 0, 0, False
    for at, sign in enumerate(text):
        if sign == "'":
            inside = not inside
        elif not inside and sign in "([":
            depth += 1
        elif not inside and sign in ")]":
            depth -= 1
        elif not inside and not depth and sign == ",":
            parts.append(text[start:at].strip())
            start = at + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def expand(text: str, macros: Mapping[str, Callable[..., str]]) -> str:
    """Replace every ``@name(arguments)`` by what its macro makes of the arguments, inner ones first.

    Examples
    --------
    >>> expand("@twice(@twice(a)) + 1", {"twice": lambda x: f"({x} * 2)"})
    '((a * 2) * 2) + 1'
    """
    found = _WORD.search(text)
    if not found:
        return text
    end = _closing(text, found.end())
    arguments = [expand(part, macros) for part in split_arguments(text[found.end() : end])]
    macro = macros[found[1]]
    return text[: found.start()] + macro(*arguments) + expand(text[end + 1 :], macros)


def _closing(text: str, start: int) -> int:
    depth, inside = 1, False
    for at in range(start, len(text)):
        sign = text[at]
        if sign == "'":
            inside = not inside
        elif not inside and sign == "(":
            depth += 1
        elif not inside and sign == ")":
            depth -= 1
            if not depth:
                return at
    raise ValueError(f"a parenthesis is not closed: {text[start : start + 60]}")
