"""Database calls in loops, found by reading the code: nothing of it is imported or run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rca.errors import SourceError
from rca.guards.lint.models import Models
from rca.guards.lint.report import Issue, LintReport
from rca.guards.lint.source import ASKING, MAPPED, Module, parse_file, python_files, read_file
from rca.guards.lint.types import eager_names
from rca.guards.lint.walk import issues_of

__all__ = ["RULES", "lint_code"]

RULES = {
    "query-in-loop": "a database call is made once for each round of a loop (N+1)",
    "query-in-called-function": "a function that asks the database is called once for each round of a loop (N+1)",
    "lazy-load-in-loop": "a relationship is read in a loop and was not loaded with the rows: one statement a row (N+1)",
    "write-in-loop": "rows are written one by one; executemany or a bulk insert is one round trip",
}


def lint_code(paths: Sequence[str | Path]) -> LintReport:
    r"""Say where an N+1 will come from: database calls in loops in code of SQLAlchemy, Django and DB-API drivers.

    Loops by batches, pages and attempts, over a few literals, and those that end in their first round are left alone. What a
    comment ``# rca: allow`` marks, on the line, on the loop or above the line, is left alone, too.

    Parameters
    ----------
    paths
        Files and folders. Relationships are known from the mapped classes in them, so name the models, too.

    Returns
    -------
    LintReport
        Rules ``query-in-loop``, ``query-in-called-function``, ``lazy-load-in-loop`` and, as a note, ``write-in-loop``.

    Raises
    ------
    SourceError
        When a path does not exist, holds no Python, or no file of it is understood.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder) / "shop.py"
    ...     _ = place.write_text("def names(cursor, ids):\n    for i in ids:\n        cursor.execute('SELECT name FROM t WHERE id = ?', [i])\n")
    ...     [(issue.line, issue.rule) for issue in lint_code([folder]).issues]
    [(3, 'query-in-loop')]
    """
    read: dict[Path, bytes] = {}
    untold: list[str] = []
    for path in python_files(paths):
        try:
            read[path] = read_file(path)
        except SourceError as error:
            untold.append(str(error))
    mapped = any(MAPPED.search(data) for data in read.values())
    modules: list[Module] = []
    checked: list[str] = []
    for path, data in read.items():
        if not mapped and not ASKING.search(data):
            checked.append(path.as_posix())
            continue
        try:
            modules.append(parse_file(path, data))
        except SourceError as error:
            untold.append(str(error))
        else:
            checked.append(path.as_posix())
    if not checked:
        raise SourceError(f"No file could be read: {untold[0]}")
    models = Models(modules)
    eager = (
        frozenset[str]().union(*(eager_names(module.tree) for module in modules))
        if models.by_name
        else frozenset[str]()
    )
    issues: list[Issue] = []
    for module in modules:
        issues += issues_of(module, models, eager)
    return LintReport(
        title="rca lint", rules=RULES, issues=tuple(sorted(issues)), checked=tuple(checked), untold=tuple(untold)
    )
