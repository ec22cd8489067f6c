"""Cheap keys of statements, a column at a time: equal keys have equal digests, so that only one of each is lexed exactly.

A key is the statement with runs of literals replaced and comments removed, by a few regular expressions of ASCII classes.
Wherever they could go wrong (a quote left over, a dollar quote, a version comment) the statement itself is the key: slower,
never wrong. The order of the steps matters for speed alone: literals first, without captures, on everything; what then
still shows a comment or an odd name is done again with care.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Keys", "keys", "tidy"]

Indexes = npt.NDArray[np.intp]

_NUMBER = r"(?-u:\b)0[xX][0-9a-fA-F]+(?-u:\b)|(?-u:\b)[0-9][0-9.]*(?:[eE][-+]?[0-9]+)?(?-u:\b)"
_UUID = r"(?-u:\b)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?-u:\b)|"
_BLOCK = r"/\*(?:[^*/]|\*+[^*/]|/+[^*/])*\*+/"
_SHORT_BLOCK = r"/\*[^*/]*\*/"
_ESCAPED = r"'(?:[^'\\]|\\(?s:.)|'')*'"
_PLAIN = r"'(?:[^']|'')*'"
_DOUBLE = r'"(?:[^"\\]|\\(?s:.)|"")*"'
_BLANKS = r"[ \t\r\n]*"
_VALUE = r"(?:(?:[-+]\s*)?\?|NULL|null|DEFAULT|default)"
_ROW = rf"\({_BLANKS}{_VALUE}(?:{_BLANKS},{_BLANKS}{_VALUE})*{_BLANKS}\)"
_ROWS = rf"(?-u:\b)(?:VALUES|values|Values){_BLANKS}{_ROW}(?:{_BLANKS},{_BLANKS}{_ROW})*"


@dataclass(frozen=True)
class _Rules:
    """The regular expressions of one dialect family."""

    literals: str
    """Literals, without a group."""
    name: str
    """A name in quotes, whatever it holds."""
    plain_names: str
    """Holds where every name in quotes is a simple word."""
    mark: str
    """The character that begins a name in quotes."""
    line_comment: str
    exact: str
    """What forbids the cheap way altogether."""
    left_over: str
    """What must not be there any more once literals and comments are gone."""
    balanced: str
    """A statement whose comments hold no odd quote: then literals could be found without minding comments."""
    run: str = field(default="")

    def __post_init__(self) -> None:
        comma = rf"{_BLANKS},{_BLANKS}[-+]?"
        object.__setattr__(self, "run", rf"(?:{self.literals})(?:{comma}(?:{self.literals}))*")


def _balanced(strings: str, inside: str, first: str) -> str:
    return rf"(?s)\A(?:[^{first}/-]|{strings}|/[^*]|-[^-]|/\*(?:[^*'\"/]|{inside}|/[^*'\"/])*\*/)*\z"


_MYSQL = _Rules(
    literals=f"{_ESCAPED}|{_DOUBLE}|{_NUMBER}",
    name=r"`[^`]*`",
    plain_names=r"\A[^`]*(?:`[A-Za-z_][A-Za-z0-9_]*`[^`]*)*\z",
    mark="`",
    line_comment=r"--[ \t\r\n][^\r\n]*|--\z|#[^\r\n]*",
    exact=r"/\*M?!",
    left_over=r"""['"#]|/\*|--""",
    balanced=_balanced(f"{_ESCAPED}|{_DOUBLE}", r"'(?:[^'\\*]|\\[^*])*'", r"'\"#"),
)
_POSTGRES = _Rules(
    literals=rf"(?-u:\b)[eE]{_ESCAPED}|{_PLAIN}|{_NUMBER}",
    name=r'"[^"]*"',
    plain_names=r'\A[^"]*(?:"[A-Za-z_][A-Za-z0-9_]*"[^"]*)*\z',
    mark='"',
    line_comment=r"--[^\r\n]*",
    exact=r"\$[A-Za-z_0-9]*\$",
    left_over=r"'|/\*|--",
    balanced=_balanced(rf"(?-u:\b)[eE]{_ESCAPED}|{_PLAIN}", r"'[^'\\*]*'", r"'"),
)
_MSSQL = _Rules(
    literals=f"{_PLAIN}|{_NUMBER}",
    name=r"\[[^\]]*\]",
    plain_names=r"\A[^\[]*(?:\[[A-Za-z_][A-Za-z0-9_ ]*\][^\[]*)*\z",
    mark="[",
    line_comment=r"--[^\r\n]*",
    exact=r'"|(?i:sp_(?:executesql|prepare|(?:cursor)?prepexec))',
    left_over=r"'|/\*|--",
    balanced=_balanced(_PLAIN, r"'[^'*]*'", r"'"),
)
_ANSI = _Rules(
    literals=f"{_UUID}{_PLAIN}|{_NUMBER}",
    name=r'"[^"]*"',
    plain_names=r'\A[^"]*(?:"[A-Za-z_][A-Za-z0-9_]*"[^"]*)*\z',
    mark='"',
    line_comment=r"--[^\r\n]*",
    exact=r"\\|\$\$|//|`|[qQ]'|(?-u:\b)[eErR]'",
    left_over=r"'|/\*|--",
    balanced=_balanced(_PLAIN, r"'[^'*]*'", r"'"),
)
_RULES = {"mysql": _MYSQL, "postgres": _POSTGRES, "mssql": _MSSQL, "ansi": _ANSI}


@dataclass(frozen=True)
class Keys:
    """Keys of a column of statements."""

    hashes: npt.NDArray[np.uint64]
    """One a statement. Two of a million different shapes share one with a probability of 3 in 100 million."""
    parts: tuple[tuple[Indexes, pl.Series], ...] = ()

    def short(self, at: int) -> str | None:
        """Return the shortened text of a statement, or None where only the statement itself is its key."""
        for indexes, texts in self.parts:
            place = int(np.searchsorted(indexes, at))
            if place < len(indexes) and indexes[place] == at:
                return str(texts[place])
        return None


def keys(statements: pl.Series, family: str) -> Keys:
    """Return the keys of a column of statements without nulls."""
    rules = _RULES.get(family)
    if rules is None:
        return Keys(statements.hash(seed=3).to_numpy())
    exact = statements.str.contains(rules.exact).to_numpy()
    everything = np.arange(len(statements))
    at = everything[~exact]
    part = statements if len(at) == len(everything) else statements.gather(at)
    short = part.str.replace_all(rules.run, "?").str.replace_all(_ROWS, "VALUES (?)")
    shortened = short.hash(seed=1).to_numpy()
    again = _suspicious(short, shortened, rules)
    if not again.any() and not exact.any():
        return Keys(shortened, ((at, short),))
    hashes = np.empty(len(statements), dtype=np.uint64)
    hashes[at] = shortened
    settled = [(at[~again], short.filter(pl.Series(~again)))]
    raw = [everything[exact]]
    if again.any():
        redo = np.flatnonzero(again)
        stripped, fine = _without_balanced_comments(part.gather(redo), short.gather(redo), rules)
        settled.append((at[redo[fine]], stripped.filter(pl.Series(fine))))
        hard = at[redo[~fine]]
        careful, sure = _carefully(statements.gather(hard), rules)
        hashes[hard[sure]] = careful.filter(pl.Series(sure)).hash(seed=4).to_numpy()
        raw.append(hard[~sure])
        hashes[settled[-1][0]] = settled[-1][1].hash(seed=1).to_numpy()
    for indexes in raw:
        hashes[indexes] = statements.gather(indexes).hash(seed=2).to_numpy()
    return Keys(hashes, tuple(settled))


def _suspicious(every: pl.Series, hashes: npt.NDArray[np.uint64], rules: _Rules) -> npt.NDArray[np.bool_]:
    """Whether something in a shortened statement says that literals may have been found in the wrong places."""
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    short = every.gather(first)
    doubtful = short.str.contains(rules.left_over).to_numpy().copy()
    named = np.flatnonzero(short.str.contains(rules.mark, literal=True).to_numpy())
    if len(named):
        doubtful[named] |= ~short.gather(named).str.contains(rules.plain_names).to_numpy()
    return doubtful[inverse.reshape(-1)]


def _without_balanced_comments(
    statements: pl.Series, short: pl.Series, rules: _Rules
) -> tuple[pl.Series, npt.NDArray[np.bool_]]:
    """Remove comments from what is short already, and say where that was right."""
    stripped = short.str.replace_all(_SHORT_BLOCK, " ").str.replace_all(rules.run.replace(rules.literals, r"\?"), "?")
    fine = ~_suspicious(stripped, stripped.hash(seed=1).to_numpy(), rules)
    fine &= statements.str.contains(rules.balanced).to_numpy()
    return stripped, fine


def _carefully(statements: pl.Series, rules: _Rules) -> tuple[pl.Series, npt.NDArray[np.bool_]]:
    """Comments and literals one after the other, names in quotes stepped over."""
    if not len(statements):
        return statements, np.zeros(0, dtype=np.bool_)
    comment = f"{_BLOCK}|{rules.line_comment}"
    bare = statements.str.replace_all(f"({rules.literals}|{rules.name})|{comment}", "$1 ")
    short = bare.str.replace_all(f"({rules.name})|{rules.run}", "${1}?")
    return short, ~short.str.contains(rules.left_over).to_numpy()


_SIGN = re.compile(r"(?<=[=(,<>+*/])\s*[-+]\s*\?")
_FRACTION = re.compile(r"(?<![\w)\]\"`])\.\?")
_ADJACENT = re.compile(r"\?(?:\s*\?)+")
_SPACE = re.compile(r"\s+")


def tidy(short: str) -> str:
    """Fold what keys of one digest still differ in: blanks, signs, fractions without a whole number.

    Examples
    --------
    >>> tidy(" SELECT  a FROM t WHERE b = -? AND c > .?")
    'SELECT a FROM t WHERE b =? AND c > ?'
    """
    return _SPACE.sub(" ", _ADJACENT.sub("?", _SIGN.sub("?", _FRACTION.sub("?", short)))).strip()
