"""Which call is a database call: SQLAlchemy sessions, Django managers, DB-API cursors. Evidence is asked for, names alone do not do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rca.guards.lint.models import Models
from rca.guards.lint.source import Module, last_name

__all__ = ["Call", "Names", "database_call"]

_SESSION = re.compile(r"(^|_)(session|sess|db_?session|orm)$", re.IGNORECASE)
_CURSOR = re.compile(r"(^|_)(cursor|cur|curs|crsr)\d*$", re.IGNORECASE)
_CONNECTION = re.compile(r"(^|_)(conn|connection|con|db|database|engine|pool|tx|transaction)\d*$", re.IGNORECASE)
_SQLALCHEMY = {"sqlalchemy", "flask_sqlalchemy", "sqlmodel", "advanced_alchemy"}
_SESSION_TYPES = {"Session", "AsyncSession", "scoped_session", "async_scoped_session", "sessionmaker", "SessionLocal"}
_SESSION_METHODS = {
    "execute",
    "scalar",
    "scalars",
    "get",
    "get_one",
    "query",
    "refresh",
    "exec",
    "stream",
    "stream_scalars",
}
_BUILDERS = {"select", "text", "insert", "update", "delete", "exists"}
_EXECUTE = {
    "execute",
    "fetch",
    "fetchrow",
    "fetchval",
    "fetch_one",
    "fetch_all",
    "fetch_val",
    "exec_driver_sql",
    "scalar",
    "scalars",
}
_READS = re.compile(r"\s*(?:/\*.*?\*/\s*)*\(?(?:SELECT|WITH|CALL|EXEC|VALUES)\b", re.IGNORECASE | re.DOTALL)
_OTHER_TABLE = re.compile(
    r"\b(?:FROM|JOIN|INTO|UPDATE|TABLE|REPLACE|DELETE)\s+(?:ONLY\s+)?[\"'`\[(]?[\w.]*\x00", re.IGNORECASE
)
_WRITES = re.compile(r"\s*(?:/\*.*?\*/\s*)*(?:INSERT|UPDATE|DELETE|MERGE|REPLACE|UPSERT)\b", re.IGNORECASE | re.DOTALL)
_MANAGERS = {"objects", "_default_manager", "_base_manager"}
_DJANGO = {"get", "filter", "exclude", "all", "first", "last", "count", "exists", "aggregate", "earliest", "latest", "values", "values_list",
           "get_or_create", "update_or_create", "aget", "afirst", "acount", "aexists", "select_related", "prefetch_related", "order_by", "raw", "only",
           "defer", "annotate", "distinct", "using", "create", "acreate"}  # fmt: skip
_FLASK = {
    "get",
    "get_or_404",
    "filter",
    "filter_by",
    "all",
    "first",
    "first_or_404",
    "one",
    "one_or_none",
    "count",
    "order_by",
    "options",
    "paginate",
}
_SHORTCUTS = {"get_object_or_404", "get_list_or_404", "aget_object_or_404"}
_MANAGER_READS = {
    "all",
    "filter",
    "exclude",
    "get",
    "first",
    "last",
    "count",
    "exists",
    "aggregate",
    "order_by",
    "values",
    "values_list",
}
_NESTED = {"Subquery", "Exists", "Prefetch", "OuterRef", "union", "intersection", "difference", "In"}


_HOLE = "\x00"


@dataclass(frozen=True, slots=True)
class Call:
    """A database call: where, in words what, and whether it writes."""

    node: ast.Call
    what: str
    writes: bool = False


@dataclass(slots=True)
class Names:
    """What local names are known to be: ``session``, or the SQL text they hold."""

    sessions: set[str] = field(default_factory=set)
    sql: dict[str, str] = field(default_factory=dict)

    def note(self, target: ast.expr, value: ast.expr | None) -> None:
        """Remember an assignment."""
        name = last_name(target)
        if not name or value is None:
            return
        made = value.value if isinstance(value, ast.Await) else value
        if isinstance(made, ast.Call) and last_name(made.func) in _SESSION_TYPES:
            self.sessions.add(name)
        text = _sql(value, self)
        if text:
            self.sql[name] = text

    def note_annotation(self, name: str, annotation: ast.expr | None) -> None:
        """Remember a parameter's type."""
        if annotation is not None and any(
            last_name(node) in _SESSION_TYPES for node in ast.walk(annotation) if isinstance(node, ast.expr)
        ):
            self.sessions.add(name)


def chain(node: ast.expr) -> Iterator[ast.expr]:
    """Yield a chain of attributes and calls from its end to its root: ``a.b().c()`` gives the call c, ``a.b().c``, the call b, …."""
    while True:
        yield node
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Attribute):
            node = node.value
        else:
            return


def database_call(node: ast.Call, module: Module, models: Models, names: Names) -> Call | None:
    """Return what database call this is; None where there is no evidence that it is one."""
    return (
        _shortcut(node, module)
        or _manager(node, module, models)
        or _session(node, module, names)
        or _cursor(node, names)
    )


def _shortcut(node: ast.Call, module: Module) -> Call | None:
    name = last_name(node.func)
    if (
        name in _SHORTCUTS
        and isinstance(node.func, ast.Name)
        and module.imports.get(name, ("",))[0].startswith("django")
    ):
        return Call(node, f"{name}({_class(node)}, …)")
    return None


def _class(node: ast.Call) -> str:
    name = last_name(node.args[0]) if node.args else ""
    return name if name[:1].isupper() and not name.isupper() else ""


def _manager(node: ast.Call, module: Module, models: Models) -> Call | None:
    """Find ``Model.objects.…()`` and ``Model.query.…()``; of a chain only the first call counts, for it is the one statement."""
    func = node.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Attribute):
        return None
    manager, method = func.value, func.attr
    owner = last_name(manager.value)
    if not owner[:1].isupper() or owner.isupper():
        return None
    if manager.attr in _MANAGERS and method in _DJANGO:
        return Call(node, f"{owner}.{manager.attr}.{method}(…)", writes=method in ("create", "acreate"))
    known = _SQLALCHEMY & module.packages or models.find(module, owner) is not None
    if manager.attr == "query" and method in _FLASK and known:
        return Call(node, f"{owner}.query.{method}(…)")
    return None


def _session(node: ast.Call, module: Module, names: Names) -> Call | None:
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in _SESSION_METHODS:
        return None
    receiver = func.value.func if isinstance(func.value, ast.Call) else func.value
    name, method = last_name(receiver), func.attr
    typed = name in names.sessions and bool(_SQLALCHEMY & module.packages)
    if not (typed or _SESSION.search(name)):
        return None
    built = node.args[0] if node.args else None
    text = _sql(built, names) if built is not None else ""
    alchemy = bool(_SQLALCHEMY & module.packages)
    kind = _class(node)
    if method in ("get", "get_one"):
        if kind and len(node.args) + len(node.keywords) >= 2:
            return Call(node, f"{name}.{method}({kind}, …)")
        return None
    if method == "refresh":
        return Call(node, f"{name}.refresh(…)") if alchemy and built is not None else None
    if method == "query":
        return Call(node, f"{name}.query({kind}…)") if kind or (alchemy and built is not None) else None
    if text and (not (_READS.match(text) or _WRITES.match(text)) or _OTHER_TABLE.search(text)):
        return None  # a statement about another table each round is another statement
    if alchemy or text or _builds(built):
        return Call(
            node,
            f"{name}.{method}(…)",
            writes=bool(_WRITES.match(text)) if text else _builds(built) in ("insert", "update", "delete"),
        )
    return None


def _builds(node: ast.expr | None) -> str:
    if node is None:
        return ""
    for part in chain(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in _BUILDERS:
            return part.func.id
    return ""


def _cursor(node: ast.Call, names: Names) -> Call | None:
    func = node.func
    if not isinstance(func, ast.Attribute) or func.attr not in _EXECUTE:
        return None
    receiver = func.value.func if isinstance(func.value, ast.Call) else func.value
    name = last_name(receiver)
    is_cursor = bool(_CURSOR.search(name)) and func.attr == "execute"
    if not (is_cursor or _CONNECTION.search(name)) or not node.args:
        return None
    text = _sql(node.args[0], names)
    if not text:
        built = _builds(node.args[0])
        given = (
            len(node.args) > 1 and is_cursor and not isinstance(node.args[0], ast.Name | ast.Attribute | ast.Subscript)
        )
        return (
            Call(node, f"{name}.{func.attr}(…)", writes=built in ("insert", "update", "delete"))
            if built not in ("", "exists") or given
            else None
        )
    if (_READS.match(text) or _WRITES.match(text)) and not _OTHER_TABLE.search(text):
        return Call(node, f"{name}.{func.attr}({_short(text)!r})", writes=bool(_WRITES.match(text)))
    return None


def _short(text: str) -> str:
    plain = " ".join(text.replace(_HOLE, "…").split())
    return plain if len(plain) <= 40 else plain[:39] + "…"


def _sql(node: ast.expr | None, names: Names) -> str:
    """Return the SQL text that an expression holds, so far as it can be seen; what is put into it is shown as a NUL."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _HOLE for part in node.values)
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Mod):
            return re.sub(r"%(?:\(\w+\))?[sdr]", _HOLE, _sql(node.left, names))
        return (_sql(node.left, names) or _HOLE) + (_sql(node.right, names) or _HOLE)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "strip", "join", "replace"):
            text = _sql(node.func.value, names)
            return re.sub(r"\{[^{}]*\}", _HOLE, text) if node.func.attr == "format" else text
        return _sql(node.args[0], names) if last_name(node.func) in ("text", "dedent", "SQL") and node.args else ""
    return names.sql.get(last_name(node), "") if node is not None else ""


def related_manager(node: ast.Call, *, to_many: bool, eager: bool) -> bool:
    """Say whether a method of a Django related manager asks the database: ``order.lines.all()`` does unless prefetched."""
    method = last_name(node.func)
    if not to_many or method not in _MANAGER_READS:
        return False
    return method not in ("all", "count", "exists") or not eager


def nested_query(parents: list[ast.AST]) -> bool:
    """Say whether a queryset is only a part of another statement: in ``Subquery(…)``, or the value of ``…__in=``."""
    for parent in parents:
        if isinstance(parent, ast.keyword) and (parent.arg or "").endswith(("__in", "queryset", "_id__in")):
            return True
        if isinstance(parent, ast.Call) and last_name(parent.func) in _NESTED:
            return True
        if isinstance(parent, ast.stmt):
            return False
    return False
