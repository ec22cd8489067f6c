"""What the readers of files settle in Python, as SQL: numbers in text, names of database systems, sampling weights."""

from __future__ import annotations

from collections.abc import Callable

from rca.engines.dialect import Dialect
from rca.schema.systems import DB_SYSTEMS

__all__ = ["meanings"]

_THRESHOLD = r"'(?:^|,) *ot=(?:[^,;]*;)*th:([0-9a-fA-F]{1,14})(?:[,;]|$)'"
_CHANCES = ("_dd.rule_psr", "_dd.agent_psr", "_sample_rate", "sampling.probability")


def meanings(dialect: Dialect, get: Callable[..., str]) -> dict[str, Callable[..., str]]:
    """Return the macros that are the same text on every engine, but for a few words."""

    def number(text: str) -> str:
        return dialect.words["number"].format(text)

    def whole(text: str) -> str:
        value = number(text)
        return f"CASE WHEN LENGTH({text}) < 6 AND {value} >= 0 AND FLOOR({value}) = {value} THEN {dialect.cast(value, 'BIGINT')} ELSE NULL END"

    def calls(text: str) -> str:
        value = number(text)
        return f"CASE WHEN LENGTH({text}) < 16 AND {value} > 1 AND FLOOR({value}) = {value} THEN {dialect.cast(value, 'BIGINT')} ELSE 1 END"

    def system(text: str) -> str:
        tries = " ".join(f"WHEN {text} = '{old}' THEN '{new}'" for old, new in DB_SYSTEMS.items())
        return f"CASE {tries} ELSE {text} END"

    def ident(text: str, width: str) -> str:
        return f"CASE WHEN REPLACE({text}, '0', '') = '' THEN '' ELSE LPAD(LOWER({text}), {width}, '0') END"

    def weight(column: str, state: str) -> str:
        """Return what a span stands for: by its trace state, else by what senders write about sampling."""
        found = dialect.words["extract"].format(state, _THRESHOLD)
        threshold = dialect.words["hex"].format(f"RPAD(LOWER({found}), 14, '0')")
        cases = [
            f"WHEN {found} <> '' THEN 72057594037927936.0 / {dialect.cast(f'72057594037927936 - {threshold}', 'DOUBLE')}"
        ]
        for key in ("SampleRate", "sampleRate"):
            count = number(get(column, f"'{key}'"))
            cases.append(f"WHEN {count} >= 1 THEN {count}")
        kinds = "('probabilistic', 'traceidratio', 'parentbased_traceidratio')"
        chance = number(get(column, "'sampler.param'"))
        told = get(column, "'sampler.type'")
        cases.append(f"WHEN {told} IN {kinds} AND {chance} > 0 AND {chance} <= 1 THEN 1.0 / {chance}")
        for key in _CHANCES:
            chance = number(get(column, f"'{key}'"))
            cases.append(f"WHEN {chance} > 0 AND {chance} <= 1 THEN 1.0 / {chance}")
        return f"CASE {' '.join(cases)} ELSE 1.0 END"

    return {"whole": whole, "calls": calls, "system": system, "id": ident, "weight": weight}
