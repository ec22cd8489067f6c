"""Which mapped class an expression holds, and which of its relationships were loaded eagerly."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from rca.guards.lint.calls import chain
from rca.guards.lint.models import Model, Models, Relation, class_of
from rca.guards.lint.source import Module, last_name

__all__ = ["Typed", "Types", "eager_names"]

_LOADERS = {"selectinload", "joinedload", "subqueryload", "immediateload", "contains_eager", "lazyload_all", "eagerload", "raiseload", "noload", "defaultload",
            "selectin_polymorphic", "prefetch_related_objects", "aprefetch_related_objects"}  # fmt: skip
_RAW = {
    "values",
    "values_list",
    "dates",
    "datetimes",
    "count",
    "exists",
    "aggregate",
    "scalar",
    "scalar_one",
    "tuples",
    "mappings",
    "partitions",
}
_SAME = {
    "list",
    "sorted",
    "reversed",
    "tuple",
    "set",
    "iter",
    "filter",
    "islice",
    "chain",
    "next",
    "deepcopy",
    "tqdm",
    "track",
    "enumerate",
    "max",
    "min",
}
ALL = "*"


@dataclass(frozen=True, slots=True)
class Typed:
    """An object of a mapped class, or a collection of them."""

    model: Model
    eager: frozenset[str] = frozenset()
    origin: str = "query"
    """``query`` where its statement can be seen, ``given`` for a parameter, ``name`` where only its name tells."""

    def relation(self, name: str) -> Relation | None:
        """Return the relationship of that name."""
        return self.model.relations.get(name)

    def loads(self, relation: Relation) -> bool:
        """Say whether reading the relationship asks the database."""
        whole = ALL in self.eager and not relation.many
        return relation.lazy and relation.name not in self.eager and not whole


def eager_names(tree: ast.AST) -> frozenset[str]:
    """Return the names of relationships that eager loading names anywhere below `tree`.

    Examples
    --------
    >>> sorted(eager_names(ast.parse("q.options(joinedload(A.b).selectinload(B.c)); r.select_related('d__e')")))
    ['b', 'c', 'd', 'e']
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        kind = last_name(node.func)
        if kind in ("select_related", "prefetch_related", "Prefetch", *_LOADERS):
            if kind == "select_related" and not node.args:
                names.add(ALL)
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    names.update(argument.value.replace(".", "__").split("__"))
                elif isinstance(argument, ast.Attribute):
                    names.add(argument.attr)
                elif isinstance(argument, ast.Starred | ast.Name):
                    names.add(ALL)  # what it holds cannot be seen, so it has the benefit of the doubt
    return frozenset(names)


class Types:
    """The mapped classes of the names of one function, as its statements are read in order."""

    def __init__(self, module: Module, models: Models) -> None:
        self.module, self.models = module, models
        self.env: dict[str, Typed] = {}

    def parameter(self, argument: ast.arg) -> None:
        """Remember a parameter with its annotation."""
        model = self._class(class_of(argument.annotation))
        if model:
            self.env[argument.arg] = Typed(model, origin="given")

    def assign(self, target: ast.expr, value: Typed | None) -> None:
        """Remember or forget what a name holds."""
        if isinstance(target, ast.Name):
            if value is None:
                self.env.pop(target.id, None)
            else:
                self.env[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.assign(part, None)

    def bind(self, target: ast.expr, iterable: ast.expr) -> None:
        """Remember what a loop's variable holds."""
        if isinstance(target, ast.Tuple | ast.List) and isinstance(iterable, ast.Call):
            kind = last_name(iterable.func)
            if kind == "enumerate" and len(target.elts) == 2 and iterable.args:
                self.assign(target.elts[0], None)
                self.bind(target.elts[1], iterable.args[0])
                return
            if kind == "zip" and len(target.elts) == len(iterable.args):
                for part, source in zip(target.elts, iterable.args, strict=True):
                    self.bind(part, source)
                return
        held = self.infer(iterable)
        if held is None and isinstance(target, ast.Name) and not isinstance(iterable, ast.Call):
            model = self.models.snake.get(target.id)
            held = Typed(model, origin="name") if model else None
        self.assign(target, held)

    def _class(self, name: str) -> Model | None:
        return (
            self.models.find(self.module, name) if name in self.models.by_name or name in self.module.imports else None
        )

    def infer(self, node: ast.expr | None) -> Typed | None:  # one short arm a kind of expression
        """Return the mapped class of an expression; None where it is unknown."""
        match node:
            case ast.Name():
                return self.env.get(node.id)
            case ast.Await() | ast.Subscript() | ast.Starred() | ast.NamedExpr():
                return self.infer(node.value)
            case ast.IfExp():
                return self.infer(node.body) or self.infer(node.orelse)
            case ast.BoolOp():
                return next((held for part in node.values if (held := self.infer(part))), None)
            case ast.Attribute():
                base = self.infer(node.value)
                relation = base.relation(node.attr) if base else None
                model = self.models.find(base.model.module, relation.target) if base and relation else None
                return replace(base, model=model) if base and model else None
            case ast.Call():
                return self._call(node)
        return None

    def _call(self, node: ast.Call) -> Typed | None:
        name = last_name(node.func)
        if name in _RAW:
            return None
        if isinstance(node.func, ast.Name):
            if name in _SAME and node.args:
                return next((held for argument in reversed(node.args) if (held := self.infer(argument))), None)
            function = self.module.functions.get(name)
            if function is not None:
                return self._returned(function.node)
        if isinstance(node.func, ast.Attribute):
            held = self.infer(node.func.value)
            if held:
                return replace(held, eager=held.eager | eager_names(node))
            if isinstance(node.func.value, ast.Name) and node.func.value.id in ("self", "cls"):
                found = [item for key, item in self.module.functions.items() if key.endswith(f".{name}")]
                if len(found) == 1:
                    return self._returned(found[0].node)
        model = self._queried(node)
        if model is None:
            return None
        built = [
            held.eager for part in ast.walk(node) if isinstance(part, ast.Name) and (held := self.env.get(part.id))
        ]
        return Typed(model, eager_names(node).union(*built))

    def _returned(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Typed | None:
        model = self._class(class_of(node.returns))
        return Typed(model, eager_names(node)) if model else None

    def _queried(self, node: ast.Call) -> Model | None:
        """Return the class that a statement reads whole rows of."""
        parts = list(chain(node))
        methods = {last_name(part.func) for part in parts if isinstance(part, ast.Call)}
        if methods & _RAW or ("execute" in methods and not methods & {"scalars", "scalar_one_or_none", "unique"}):
            return None
        for part in parts:
            if isinstance(part, ast.Attribute) and part.attr in ("objects", "query", "_default_manager"):
                return self._class(last_name(part.value))
            if isinstance(part, ast.Call) and part.args:
                kind = last_name(part.func)
                if kind in ("get", "get_one", "query", "select", "get_object_or_404", "get_list_or_404", "get_or_404"):
                    return (
                        self._class(last_name(part.args[0])) if len(part.args) == 1 or kind.startswith("get") else None
                    )
                if kind in ("scalars", "scalar", "execute", "exec") and isinstance(part.args[0], ast.Call):
                    return self._queried(part.args[0])
                if kind in ("scalars", "execute", "exec") and (held := self.infer(part.args[0])):
                    return held.model
        return None
