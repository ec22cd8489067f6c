"""Cheap keys of statements, a column at a time: equal keys have equal digests, so that only one of each is lexed exactly.

A key is the statement with comments removed, literals replaced and lists of literals shortened by three regular expressions
of ASCII classes. Wherever they could go wrong (a quote left over, a dollar quote, a version comment) the statement itself
is the key: slower, never wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["Rules", "keys", "rules_of"]

_NUMBER = r"(?-u:\b)0[xX][0-9a-fA-F]+(?-u:\b)|(?-u:\b)[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?-u:\b)"
_UUID = r"(?-u:\b)[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?-u:\b)|"
_BLOCK = r"/\*(?:[^*/]|\*+[^*/]|/+[^*/])*\*+/"
_ESCAPED = r"'(?:[^'\\]|\\(?s:.)|'')*'"
_PLAIN = r"'(?:[^']|'')*'"
_DOUBLE = r'"(?:[^"\\]|\\(?s:.)|"")*"'
_VALUE = r"(?:(?:[-+]\s*)?\?|NULL|null|DEFAULT|default)"
_ROW = rf"\(\s*{_VALUE}(?:\s*,\s*{_VALUE})*\s*\)"
_LISTS = (rf"(?-u:\b)(?:VALUES|values|Values)\s*{_ROW}(?:\s*,\s*{_ROW})*", "VALUES (?)"), (rf"(?-u:\b)(?:IN|in|In)\s*{_ROW}", "IN (?)")


def _ascii(pattern: str) -> str:
    return pattern.replace(r"\s", r"[ \t\r\n]")


@dataclass(frozen=True, slots=True)
class Rules:
    """The regular expressions of one dialect family."""

    literal: str
    name: str
    """A name in quotes, whatever it holds."""
    plain_names: str
    """Holds for a statement whose names in quotes are harmless, so that nothing in them looks like a literal."""
    mark: str
    """The character that begins a name in quotes."""
    comment: str
    exact: str
    """What forbids the cheap way altogether, looked for before."""
    left_over: str
    """What forbids it when it is still there afterwards."""


def _mysql() -> Rules:
    return Rules(
        literal=f"{_ESCAPED}|{_DOUBLE}|{_NUMBER}",
        name=r"`[^`]*`",
        plain_names=r"\A[^`]*(?:`[A-Za-z_][A-Za-z0-9_]*`[^`]*)*\z",
        mark="`",
        comment=rf"{_BLOCK}|--[ \t\r\n][^\r\n]*|--\z|#[^\r\n]*",
        exact=r"/\*M?!",
        left_over=r"['\"#]|/\*|--",
    )


def _postgres() -> Rules:
    return Rules(
        literal=rf"(?-u:\b)[eE]{_ESCAPED}|{_PLAIN}|{_NUMBER}",
        name=r'"[^"]*"',
        plain_names=r'\A[^"]*(?:"[A-Za-z_][A-Za-z0-9_]*"[^"]*)*\z',
        mark='"',
        comment=rf"{_BLOCK}|--[^\r\n]*",
        exact=r"\$[A-Za-z_0-9]*\$",
        left_over=r"'|/\*|--",
    )


def _mssql() -> Rules:
    return Rules(
        literal=f"{_PLAIN}|{_NUMBER}",
        name=r'"[^"]*"|\[[^\]]*\]',
        plain_names=r'\A[^"\[]*(?:(?:"[A-Za-z_][A-Za-z0-9_]*"|\[[A-Za-z_][A-Za-z0-9_ ]*\])[^"\[]*)*\z',
        mark="[",
        comment=rf"{_BLOCK}|--[^\r\n]*",
        exact=r'"',
        left_over=r"'|/\*|--",
    )


def _ansi() -> Rules:
    return Rules(
        literal=f"{_UUID}{_PLAIN}|{_NUMBER}",
        name=r'"[^"]*"|`[^`]*`',
        plain_names=r'\A[^"`]*(?:["`][A-Za-z_][A-Za-z0-9_]*["`][^"`]*)*\z',
        mark='"',
        comment=rf"{_BLOCK}|--[^\r\n]*",
        exact=r"\\|\$\$|//|`|[qQ]'",
        left_over=r"'|/\*|--",
    )


_RULES = {"mysql": _mysql(), "postgres": _postgres(), "mssql": _mssql(), "ansi": _ansi()}


def rules_of(family: str) -> Rules | None:
    """Return the rules of a family, or None where only exact rules hold (documents, key-value)."""
    return _RULES.get(family)


def keys(statements: pl.Series, family: str) -> npt.NDArray[np.uint64]:
    """Return a 64-bit key for each statement; statements with equal keys have equal digests in the house style.

    Two of a million different shapes share a key by chance with a probability of 3 in 100 million.
    """
    rules = rules_of(family)
    if rules is None:
        return statements.hash(seed=3).to_numpy()
    out = np.empty(len(statements), dtype=np.uint64)
    exact = statements.str.contains(rules.exact).to_numpy()
    commented = (
        statements.str.contains_any(["/*", "--", "#"] if family == "mysql" else ["/*", "--"]).to_numpy() & ~exact
    )
    for where, stripped in ((~exact & ~commented, False), (commented, True)):
        if not where.any():
            continue
        chosen = np.flatnonzero(where)
        part = statements if len(chosen) == len(statements) else statements.gather(chosen)
        raw = part
        if stripped:
            part = part.str.replace_all(f"({rules.literal}|{rules.name})|{rules.comment}", "$1 ")
        short = _short(part, rules)
        left = short.str.contains(rules.left_over).to_numpy()
        hashed = short.hash(seed=1).to_numpy()
        if left.any():
            hashed = np.where(left, raw.hash(seed=2).to_numpy(), hashed)
        out[chosen] = hashed
    if exact.any():
        chosen = np.flatnonzero(exact)
        out[chosen] = statements.gather(chosen).hash(seed=2).to_numpy()
    return out


def _short(part: pl.Series, rules: Rules) -> pl.Series:
    """Literals replaced, lists shortened; names in quotes that could hold a literal are stepped over."""
    quoted = part.str.contains(rules.mark, literal=True)
    if quoted.any():
        risky = quoted.to_numpy().copy()
        at = np.flatnonzero(risky)
        risky[at] = ~part.gather(at).str.contains(rules.plain_names).to_numpy()
        if risky.any():
            careful, plain = np.flatnonzero(risky), np.flatnonzero(~risky)
            one = part.gather(careful).str.replace_all(f"({rules.name})|{rules.literal}", "${1}?")
            two = part.gather(plain).str.replace_all(rules.literal, "?")
            order = np.argsort(np.concatenate([careful, plain]), kind="stable")
            return _lists(pl.concat([one, two]).gather(order))
    return _lists(part.str.replace_all(rules.literal, "?"))


def _lists(part: pl.Series) -> pl.Series:
    for pattern, instead in _LISTS:
        part = part.str.replace_all(_ascii(pattern), instead)
    return part
