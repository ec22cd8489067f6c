"""Reads one module's functions statement by statement and notes what is asked of the database inside a loop."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal

from rca.guards.lint.calls import Call, Names, database_call, nested_query, related_manager
from rca.guards.lint.loops import Loop, comprehension_loop, for_loop, map_loop, while_loop
from rca.guards.lint.models import Models
from rca.guards.lint.report import Issue
from rca.guards.lint.source import Function, Module, last_name
from rca.guards.lint.types import Typed, Types

__all__ = ["issues_of"]

_CACHED = {
    "lru_cache",
    "cache",
    "cached",
    "cached_property",
    "memoize",
    "memoized",
    "cachedmethod",
    "alru_cache",
    "cache_page",
}
_COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def issues_of(module: Module, models: Models, eager: frozenset[str]) -> list[Issue]:
    """Return what is wrong in one module; `eager` names the relationships that any file loads eagerly."""
    asks = _askers(module, models)
    found: dict[tuple[int, int], Issue] = {}
    scopes: list[Function | None] = [None, *module.functions.values()]
    for scope in scopes:
        for issue in _Walker(module, models, eager, asks, scope).walk():
            found.setdefault((issue.line, issue.column), issue)
    return list(found.values())


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a function runs, not what it only defines."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        yield child
        yield from _own(child)


def _askers(module: Module, models: Models) -> dict[str, Call]:
    """Return the functions of the module that ask the database, by themselves or through another one."""
    asks: dict[str, Call] = {}
    calls: dict[str, set[str]] = {}
    for name, function in module.functions.items():
        if function.decorators & _CACHED:
            continue
        names = Names()
        for argument in _arguments(function.node):
            names.note_annotation(argument.arg, argument.annotation)
        calls[name] = set()
        for node in _own(function.node):
            if isinstance(node, ast.Assign):
                names.note(node.targets[0], node.value)
            elif isinstance(node, ast.withitem) and node.optional_vars is not None:
                names.note(node.optional_vars, node.context_expr)
            elif isinstance(node, ast.Call):
                call = database_call(node, module, models, names)
                if call and not call.writes:
                    asks.setdefault(name, call)
                if called := _called(node, function, module):
                    calls[name].add(called)
    for _ in range(6):  # as deep as a chain of helpers is followed
        for name, others in calls.items():
            if name not in asks and (
                through := next((other for other in sorted(others) if other in asks and other != name), None)
            ):
                asks[name] = asks[through]
    return asks


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _called(node: ast.Call, scope: Function | None, module: Module) -> str:
    """Return the function of this module that a call means; '' where it means none."""
    func = node.func
    if isinstance(func, ast.Name):
        return func.id if func.id in module.functions and not module.functions[func.id].owner else ""
    if (
        isinstance(func, ast.Attribute)
        and isinstance(func.value, ast.Name)
        and func.value.id in ("self", "cls")
        and scope
        and scope.owner
    ):
        name = f"{scope.owner}.{func.attr}"
        return name if name in module.functions else ""
    return ""


class _Walker:
    """One function, read in order."""

    def __init__(
        self, module: Module, models: Models, eager: frozenset[str], asks: dict[str, Call], scope: Function | None
    ) -> None:
        self.module, self.models, self.eager, self.asks, self.scope = module, models, eager, asks, scope
        self.types, self.names = Types(module, models), Names()
        self.loops: list[Loop] = []
        self.parents: list[ast.AST] = []
        self.issues: list[Issue] = []

    def walk(self) -> list[Issue]:
        """Return what is wrong in the function, or in the statements of the module that are in none."""
        if self.scope is not None:
            for argument in _arguments(self.scope.node):
                self.types.parameter(argument)
                self.names.note_annotation(argument.arg, argument.annotation)
        for statement in (self.scope.node if self.scope else self.module.tree).body:
            self.visit(statement)
        return self.issues

    def visit(self, node: ast.AST) -> None:
        """Read one node and all below it."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            return
        self.parents.insert(0, node)
        if isinstance(node, ast.For | ast.AsyncFor):
            self._for(node)
        elif isinstance(node, ast.While):
            self._inside(while_loop(node), [node.test, *node.body])
            self._all(node.orelse)
        elif isinstance(node, _COMPREHENSION):
            self._comprehension(node)
        else:
            self._plain(node)
        self.parents.pop(0)

    def _all(self, nodes: list[ast.stmt] | list[ast.expr]) -> None:
        for node in nodes:
            self.visit(node)

    def _inside(self, loop: Loop | None, nodes: list[ast.AST]) -> None:
        if loop is not None:
            self.loops.append(loop)
        for node in nodes:
            self.visit(node)
        if loop is not None:
            self.loops.pop()

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self.types.bind(node.target, node.iter)
        self._inside(for_loop(node), list(node.body))
        self._all(node.orelse)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        kept = dict(self.types.env)
        self.visit(node.generators[0].iter)
        for part in node.generators:
            self.types.bind(part.target, part.iter)
        inner: list[ast.AST] = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for at, part in enumerate(node.generators):
            inner += [*([part.iter] if at else []), *part.ifs]
        self._inside(comprehension_loop(node), inner)
        self.types.env = kept

    def _plain(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self._call(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            self._attribute(node)
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        if isinstance(node, ast.Assign):
            held = self.types.infer(node.value)
            for target in node.targets:
                self.types.assign(target, held)
                self.names.note(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.types.assign(node.target, self.types.infer(node.value))
            self.names.note(node.target, node.value)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self.names.note(node.optional_vars, node.context_expr)

    def _call(self, node: ast.Call) -> None:
        if loop := map_loop(node):
            self._mapped(node, loop)
        if not self.loops:
            return
        call = database_call(node, self.module, self.models, self.names)
        if call is not None:
            if not nested_query(self.parents[1:]) and not self._elsewhere(node):
                rule = "write-in-loop" if call.writes else "query-in-loop"
                self._report(
                    rule,
                    node,
                    f"{call.what} in a {self.loops[-1].what} (line {self.loops[-1].line}): one statement a round{_ADVICE[rule]}",
                )
            return
        name = _called(node, self.scope, self.module)
        if name in self.asks and self.scope is not self.module.functions.get(name):
            self._report_called(name, node, self.loops[-1])
        elif name:
            self._given(name, node)

    def _elsewhere(self, node: ast.Call) -> bool:
        """Say whether each round asks another connection: the loop goes over connections."""
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
        return isinstance(receiver, ast.Name) and any(receiver.id in loop.targets for loop in self.loops)

    def _mapped(self, node: ast.Call, loop: Loop) -> None:
        name = last_name(node.args[0])
        if isinstance(node.args[0], ast.Name) and name in self.asks and name in self.module.functions:
            self._report_called(name, node, loop)

    def _report_called(self, name: str, node: ast.Call, loop: Loop) -> None:
        call = self.asks[name]
        self._report(
            "query-in-called-function",
            node,
            f"{name}() is called in a {loop.what} (line {loop.line}) and asks the database: {call.what}, line {call.node.lineno}",
        )

    def _given(self, name: str, node: ast.Call) -> None:
        """Note where a row of the loop goes into a function of this module that reads a lazy relationship of it."""
        inner = self.module.functions[name].node
        for parameter, argument in zip(_arguments(inner), node.args, strict=False):
            held = self.types.infer(argument)
            if held is None or not self._varies(argument):
                continue
            for part in _own(inner):
                if (
                    isinstance(part, ast.Attribute)
                    and isinstance(part.value, ast.Name)
                    and part.value.id == parameter.arg
                ):
                    relation = held.relation(part.attr)
                    if relation and self._lazy(held, part.attr):
                        self._report("lazy-load-in-loop", node, f"{name}() reads {held.model.name}.{part.attr} (line {part.lineno}), which is loaded lazily, in a {self.loops[-1].what} (line {self.loops[-1].line}){_fix(held, part.attr)}")  # fmt: skip
                        return

    def _varies(self, node: ast.expr) -> bool:
        while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
            node = node.func if isinstance(node, ast.Call) else node.value
        return isinstance(node, ast.Name) and any(node.id in loop.varying for loop in self.loops)

    def _lazy(self, held: Typed, name: str) -> bool:
        relation = held.relation(name)
        if relation is None or not held.loads(relation):
            return False
        return held.origin == "query" or not (
            {name, "*"} & self.eager
        )  # where its rows come from is not seen: any eager loading counts

    def _attribute(self, node: ast.Attribute) -> None:
        """Note where a relationship is read: ``line.promotions``, ``order.lines.filter(…)``."""
        if not self.loops or not self._varies(node.value):
            return
        held = self.types.infer(node.value)
        relation = held.relation(node.attr) if held else None
        if held is None or relation is None:
            return
        if relation.django and relation.many:
            use = next((parent for parent in self.parents[1:3] if isinstance(parent, ast.Call)), None)
            if use is None or not related_manager(use, to_many=True, eager=not self._lazy(held, node.attr)):
                return
        elif not self._lazy(held, node.attr):
            return
        loop = self.loops[-1]
        self._report("lazy-load-in-loop", node, f"{held.model.name}.{node.attr} is loaded lazily, here in a {loop.what} (line {loop.line}): one statement a row{_fix(held, node.attr)}")  # fmt: skip

    def _report(self, rule: str, node: ast.expr, message: str) -> None:
        lines = {
            node.lineno,
            node.end_lineno or node.lineno,
            *(loop.line for loop in self.loops),
            *([self.scope.node.lineno] if self.scope else []),
        }
        if lines & self.module.allowed:
            return
        level: Literal["error", "note"] = "note" if rule == "write-in-loop" else "error"
        place = self.scope.name if self.scope else "module"
        self.issues.append(
            Issue(
                path=self.module.path,
                line=node.lineno,
                column=node.col_offset + 1,
                rule=rule,
                level=level,
                message=message,
                place=place,
            )
        )


_ADVICE = {"write-in-loop": "; write them together", "query-in-loop": "; ask once for all of them before the loop"}


def _fix(held: Typed, name: str) -> str:
    relation = held.model.relations[name]
    if relation.django:
        return f"; load it with {'prefetch_related' if relation.many else 'select_related'}({name!r})"
    return f"; load it with options(selectinload({held.model.name}.{name})), or ask once for all of them"
