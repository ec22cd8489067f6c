"""The words behind ``@`` in layouts, for one table on one engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rca.engines.dialect import Dialect, kind_of
from rca.engines.layouts.meanings import meanings

__all__ = ["Macros"]


@dataclass(frozen=True, slots=True)
class Macros:
    """Makes SQL of macros; arguments that are names of columns are quoted."""

    dialect: Dialect
    columns: Mapping[str, str]
    """The table's columns with the engine's types."""
    origin: str
    """The table in a FROM clause, cut to window and sample."""
    beside: str = ""
    """The table that is read along with it."""

    def all(self) -> dict[str, Callable[..., str]]:
        """Return every macro by its name: the engine's own words, and those that look at the table."""
        names = {name.partition(":")[0] for name in self.dialect.words}
        macros: dict[str, Callable[..., str]] = {name: self._word(name) for name in names}
        macros |= meanings(self.dialect, self.get)
        return macros | {
            "get": self.get, "map": self.attributes, "has": self.has, "pairs": self.pairs,
            "each": self.each, "merged": self.merged, "source": lambda: self.origin, "beside": lambda: self.beside,
        }  # fmt: skip

    def _kind(self, column: str) -> str:
        return kind_of(self.dialect, self.columns.get(column, ""))

    def _word(self, name: str) -> Callable[..., str]:
        def made(*arguments: str) -> str:
            text = self.dialect.word(name, self._kind(arguments[0]) if arguments else "")
            return (text or "{0}").format(*(self._quoted(one) for one in arguments))

        return made

    def _quoted(self, argument: str) -> str:
        return self.dialect.quoted(argument) if argument in self.columns else argument

    def has(self, column: str, otherwise: str) -> str:
        """Return a column, or a value where the table has no such column."""
        return self.dialect.quoted(column) if column in self.columns else otherwise

    def get(self, column: str, *keys: str) -> str:
        """Return the first of some attributes that has text, else an empty text."""
        if column not in self.columns:
            return "''"
        one = self.dialect.word("get", self._kind(column)) or "{0}[{1}]"
        tries = [f"NULLIF({one.format(self.dialect.quoted(column), key, key[1:-1])}, '')" for key in keys]
        return f"COALESCE({', '.join(tries)}, '')"

    def attributes(self, column: str, *more: str) -> str:
        """Return a column of attributes as a map, with further pairs of a key and a column put beside it."""
        text = self.dialect.words["empty:map"]
        if column in self.columns:
            text = (self.dialect.word("map", self._kind(column)) or "{0}").format(self.dialect.quoted(column))
        for key, other in zip(more[::2], more[1::2], strict=True):
            text = self._with(text, key, other)
        return text

    def _with(self, text: str, key: str, column: str) -> str:
        return (
            self.dialect.words["with"].format(text, key, self.dialect.quoted(column))
            if column in self.columns
            else text
        )

    def pairs(self, column: str, element: str) -> str:
        """Return an element of an array of attributes as a map."""
        text = self.columns[column].upper()
        return (self.dialect.word("map", "json" if "JSON" in text and "MAP" not in text else "map") or "{0}").format(
            element
        )

    def each(self, *columns: str) -> str:
        """Return rows of the elements of arrays side by side, as ``each_1``, ``each_2`` and so on."""
        return self.dialect.words["each"].format(self.origin, *(self.dialect.quoted(column) for column in columns))

    def merged(self, *columns: str) -> str:
        """Return maps of several types of values, and the trace state, as one map."""
        here = [
            self.dialect.words["texts"].format(self.dialect.quoted(one)) for one in columns[:-1] if one in self.columns
        ]
        return self._with(self.dialect.words["merge"].format(", ".join(here)), "'w3c.tracestate'", columns[-1])
