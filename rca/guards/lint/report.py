"""What lint found, for people and for the machines of a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rca import display
from rca.guards.junit import Case, junit
from rca.guards.sarif import Result, sarif

__all__ = ["Issue", "LintReport"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Issue:
    """One thing to mend, at a line of a file or at a service that logs."""

    path: str = ""
    line: int = 0
    column: int = 0
    rule: str
    level: Literal["error", "warning", "note"] = "error"
    message: str
    place: str = ""
    """The function, or the service."""

    def __str__(self) -> str:
        """Return ``file:line:column: rule: message``."""
        where = f"{self.path}:{self.line}:{self.column}" if self.path else self.place
        return display.escape_terminal(f"{where}: {self.level} {self.rule}: {self.message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """All that lint found; notes do not fail it.

    `checked` names what was looked at, one a test case of JUnit; `untold` what could not be judged, and why.
    """

    title: str
    rules: Mapping[str, str]
    issues: tuple[Issue, ...]
    checked: tuple[str, ...]
    untold: tuple[str, ...] = ()
    facts: tuple[Mapping[str, Any], ...] = ()
    """What was measured, one row a service; empty for code."""

    @property
    def passed(self) -> bool:
        """Whether there is nothing worse than a note."""
        return all(issue.level == "note" for issue in self.issues)

    @property
    def claim(self) -> str:
        """The result in a sentence."""
        serious = sum(issue.level != "note" for issue in self.issues)
        notes = len(self.issues) - serious
        found = f"{serious} issue{'' if serious == 1 else 's'}" if serious else "Nothing to mend"
        return f"{found} in {len(self.checked):,} checked" + (
            f", {notes} note{'' if notes == 1 else 's'}." if notes else "."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "passed": self.passed,
            "claim": self.claim,
            "checked": len(self.checked),
            "issues": [asdict(issue) for issue in self.issues],
            "facts": [dict(row) for row in self.facts],
            "cannot_tell": list(self.untold),
        }

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {"level": issue.level, "rule": issue.rule, "where": f"{issue.path}:{issue.line}" if issue.path else issue.place, "message": issue.message}
            for issue in self.issues
        ]  # fmt: skip

    def __str__(self) -> str:
        facts = [display.table_text(self.facts), ""] if self.facts else []
        untold = [f"cannot tell: {display.escape_terminal(text)}" for text in self.untold]
        return "\n".join([*facts, *(str(issue) for issue in self.issues), *untold, self.claim])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        parts = [f"<p><strong>{display.escape_html(self.claim)}</strong></p>"]
        parts += [display.table_html(rows) for rows in (self._rows(), self.facts) if rows]
        parts += [f"<p>Cannot tell: {display.escape_html(text)}</p>" for text in self.untold]
        return "".join(parts)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def to_markdown(self) -> str:
        """Return the report for a comment on a merge request."""
        parts = [f"### {'✅' if self.passed else '❌'} {self.title}\n", display.escape_markdown(self.claim) + "\n"]
        parts += [display.table_markdown(rows) for rows in (self._rows(), self.facts) if rows]
        parts += [f"- Cannot tell: {display.escape_markdown(text)}\n" for text in self.untold]
        return "\n".join(parts)

    def to_junit(self) -> str:
        """Return the report as JUnit XML: one test case a file or service."""
        by_place: dict[str, list[str]] = {}
        for issue in self.issues:
            if issue.level != "note":
                by_place.setdefault(issue.path or issue.place, []).append(str(issue))
        cases = [
            Case(group=self.title, name=name, state="fail" if name in by_place else "pass", message="\n".join(by_place.get(name, [])))
            for name in self.checked
        ]  # fmt: skip
        cases += [
            Case(group=self.title, name=text.partition(":")[0], state="skip", message=text) for text in self.untold
        ]
        return junit(self.title, cases)

    def to_sarif(self) -> str:
        """Return the report as SARIF 2.1.0."""
        results = [
            Result(rule=issue.rule, message=issue.message, level=issue.level, path=issue.path, line=issue.line, column=issue.column,
                   logical="" if issue.path else issue.place)
            for issue in self.issues
        ]  # fmt: skip
        return sarif(self.title, self.rules, results)
