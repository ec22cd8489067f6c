"""JUnit XML, the format in which pipelines take results of tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from rca import display

__all__ = ["Case", "junit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case: ``pass``, ``fail``, or ``skip`` where it cannot be told."""

    group: str
    name: str
    state: Literal["pass", "fail", "skip"]
    message: str = ""


def junit(suite: str, cases: Iterable[Case]) -> str:
    """Return one test suite as JUnit XML; what XML cannot hold is shown by its number or left out.

    Examples
    --------
    >>> print(junit("rca lint", [Case(group="shop", name="code", state="fail", message="a < b")]).splitlines()[3].strip())
    <testcase classname="shop" name="code" time="0"><failure message="a &lt; b" type="failure">a &lt; b</failure></testcase>
    """
    rows = list(cases)
    lines = []
    for case in rows:
        message = quoteattr(_xml(case.message))
        inner = {
            "fail": f'<failure message={message} type="failure">{escape(_xml(case.message))}</failure>',
            "skip": f"<skipped message={message}/>",
            "pass": "",
        }[case.state]
        lines.append(
            f'    <testcase classname={quoteattr(_xml(case.group))} name={quoteattr(_xml(case.name))} time="0">{inner}</testcase>'
        )
    failed, skipped = (sum(case.state == state for case in rows) for state in ("fail", "skip"))
    head = f'tests="{len(rows)}" failures="{failed}" errors="0" skipped="{skipped}"'
    name = quoteattr(_xml(suite))
    return "\n".join(
        ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={name} {head}>", f'  <testsuite name={name} {head} time="0">', *lines,
         "  </testsuite>", "</testsuites>", ""]
    )  # fmt: skip


def _xml(text: object) -> str:
    shown = display.escape_terminal(text)
    return "".join(sign for sign in shown if not 0xD800 <= ord(sign) <= 0xDFFF and sign not in "\ufffe\uffff")
