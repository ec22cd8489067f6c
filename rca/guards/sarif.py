"""SARIF 2.1.0, the format in which code hosts take findings and show them at their line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Result", "sarif"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One finding: at a line of a file, or at something that has no line, such as a route."""

    rule: str
    message: str
    level: Literal["error", "warning", "note"]
    path: str = ""
    line: int = 0
    column: int = 0
    logical: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return a ``result`` object."""
        place: dict[str, Any] = {}
        if self.path:
            region = {"startLine": max(1, self.line)} | ({"startColumn": self.column} if self.column else {})
            place["physicalLocation"] = {"artifactLocation": {"uri": self.path}, "region": region}
        if self.logical:
            place["logicalLocations"] = [{"fullyQualifiedName": self.logical}]
        return {
            "ruleId": self.rule,
            "level": self.level,
            "message": {"text": self.message},
            "locations": [place] if place else [],
        }


def sarif(tool: str, rules: Mapping[str, str], results: Iterable[Result]) -> str:
    """Return a SARIF document of one run.

    Parameters
    ----------
    tool
        Name of what found it.
    rules
        A sentence a rule.
    results
        What was found; each names one of the rules.

    Examples
    --------
    >>> json.loads(sarif("rca lint", {"R1": "a rule"}, []))["runs"][0]["results"]
    []
    """
    run = {
        "tool": {
            "driver": {
                "name": tool,
                "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in rules.items()],
            }
        },
        "results": [result.to_dict() for result in results],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
