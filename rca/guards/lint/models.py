"""Mapped classes and their relationships, read from the code: SQLAlchemy's ``relationship`` and Django's keys."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from rca.guards.lint.source import Module, last_name

__all__ = ["Model", "Models", "Relation"]

_NOT_LAZY = {
    "selectin",
    "joined",
    "subquery",
    "immediate",
    "raise",
    "raise_on_sql",
    "noload",
    "write_only",
    "dynamic",
    "select_in",
}
_KEYS = {"ForeignKey", "OneToOneField", "ParentalKey"}
_MANY = {"ManyToManyField", "ParentalManyToManyField"}
_WRAPPERS = {"Mapped", "WriteOnlyMapped", "DynamicMapped", "List", "list", "Set", "set", "Optional", "Sequence", "Collection", "Union", "None",
             "dict", "Dict", "Iterable", "Iterator", "tuple", "Tuple", "QuerySet", "RelationshipProperty", "Annotated", "typing", "orm", "t"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """An attribute that leads to other rows; reading it may be a database call."""

    name: str
    target: str
    many: bool
    lazy: bool
    django: bool


@dataclass(slots=True)
class Model:
    """A mapped class."""

    name: str
    module: Module
    bases: tuple[str, ...]
    body: list[ast.stmt]
    django: bool = False
    relations: dict[str, Relation] = field(default_factory=dict)


class Models:
    """Every mapped class of the files that are linted."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.by_name: dict[str, list[Model]] = {}
        for module in modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef):
                    self._note(module, node)
        self._inherit()
        self._reverse()
        self.by_name = {
            name: kept
            for name, found in self.by_name.items()
            if (kept := [item for item in found if item.relations or item.django])
        }
        self.snake = {_snake(name): found[0] for name, found in self.by_name.items() if len(found) == 1}

    def _note(self, module: Module, node: ast.ClassDef) -> None:
        bases = tuple(name for base in node.bases if (name := last_name(base)))
        django = any(
            isinstance(base, ast.Attribute) and base.attr == "Model" and last_name(base.value) == "models"
            for base in node.bases
        )
        model = Model(node.name, module, bases, node.body, django=django)
        for statement in node.body:
            if relation := _relation(statement):
                model.relations[relation.name] = relation
        self.by_name.setdefault(node.name, []).append(model)

    def _inherit(self) -> None:
        for _ in range(4):  # as deep as mapped classes are nested in practice
            for found in self.by_name.values():
                for model in found:
                    for base in model.bases:
                        for parent in self.by_name.get(base, [])[:1]:
                            if parent is not model:
                                model.django = model.django or parent.django
                                model.relations = parent.relations | model.relations

    def _reverse(self) -> None:
        for found in list(self.by_name.values()):
            for model in found:
                for statement in model.body:
                    if back := _back(statement, model):
                        target = self.find(model.module, back[0])
                        if target is not None:
                            target.relations.setdefault(back[1].name, back[1])

    def find(self, module: Module, name: str) -> Model | None:
        """Return the class that `name` means in `module`; None where it is not mapped or not among the files."""
        home, original = module.imports.get(name, ("", ""))
        found = self.by_name.get(original or name.rpartition(".")[2], [])
        here = [model for model in found if model.module is module]
        if here:
            return here[0]
        if home:
            parts = tuple(part for part in home.split(".") if part)
            exact = [model for model in found if model.module.dotted[-len(parts) :] == parts]
            if exact:
                return exact[0]
        return found[0] if len(found) == 1 else None


def _assigned(statement: ast.stmt) -> tuple[str, ast.Call, ast.expr | None] | None:
    if (
        isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.value, ast.Call)
    ):
        return statement.target.id, statement.value, statement.annotation
    if (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Call)
    ):
        return statement.targets[0].id, statement.value, None
    return None


def _relation(statement: ast.stmt) -> Relation | None:
    found = _assigned(statement)
    if found is None:
        return None
    name, call, annotation = found
    kind, options = last_name(call.func), {item.arg: item.value for item in call.keywords if item.arg}
    if kind in ("relationship", "relation", "Relationship"):
        target = _target(call.args[0] if call.args else options.get("argument")) or class_of(annotation)
        lazy = options.get("lazy")
        eager = isinstance(lazy, ast.Constant) and (
            lazy.value is False or lazy.value is None or str(lazy.value) in _NOT_LAZY
        )
        return Relation(name, target, many=True, lazy=not eager, django=False) if target else None
    if kind in _KEYS | _MANY and (target := _target(call.args[0] if call.args else options.get("to"))):
        return Relation(name, target, many=kind in _MANY, lazy=True, django=True)
    return None


def _back(statement: ast.stmt, model: Model) -> tuple[str, Relation] | None:
    """Return the class at the other end of a relationship, and how it calls the way back."""
    found, relation = _assigned(statement), _relation(statement)
    if found is None or relation is None:
        return None
    options = {item.arg: item.value for item in found[1].keywords if item.arg}
    given = options.get("related_name" if relation.django else "backref")
    if isinstance(given, ast.Call):  # backref("name", lazy=…) says itself how it loads
        return None
    name = str(given.value) if isinstance(given, ast.Constant) else ""
    if name.endswith("+") or not (name or relation.django):
        return None
    one = relation.django and last_name(found[1].func) == "OneToOneField"
    plain = name or (model.name.lower() if one else f"{model.name.lower()}_set")
    target = model.name if relation.target == "self" else relation.target
    return target, Relation(plain, model.name, many=not one, lazy=True, django=relation.django)


def _target(node: ast.expr | None) -> str:
    if isinstance(node, ast.Lambda):
        return _target(node.body)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    return last_name(node)


def class_of(annotation: ast.expr | None) -> str:
    """Return the class inside an annotation such as ``Mapped[list[Order]]``; '' where there is none or more than one.

    Examples
    --------
    >>> class_of(ast.parse("Mapped[Optional[List['Order']]]", mode="eval").body)
    'Order'
    """
    if annotation is None:
        return ""
    names = []
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                names.append(class_of(ast.parse(node.value, mode="eval").body))
            except SyntaxError:
                continue
        elif isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and node.attr[:1].isupper()):
            names.append(last_name(node))
    kept = {name for name in names if name and name not in _WRAPPERS}
    kept = {name for name in kept if name[:1].isupper()} or kept
    return kept.pop() if len(kept) == 1 else ""


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() and at else sign.lower() for at, sign in enumerate(name))
