"""Arithmetic over metrics, as policies have it: read into a tree, or refused with the place of what is wrong.

`sum(requests_per_s) / instances`, `max(avg(cpu, "60 s"), avg("load-balancer".cpu))`,
`chain("shopping").latency_ms`. The grammar is a part of Python's, so that its parser reads it; nothing of it
is ever run. What the names mean to a service is checked in `domain/measured.py`.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from domain.metrics import INSTANCES
from domain.spelling import hint
from domain.units import DurationS

AGGREGATES = ("avg", "max", "min", "sum", "p50", "p90", "p95", "p99")
"""Over the instances of a component; a metric without one is its `avg`."""
CHAIN = "chain"
_DEEP = 30
"""Levels of nesting, beyond which nobody can read it."""
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_DURATION: TypeAdapter[float] = TypeAdapter(DurationS)


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Figure:
    """A metric of all instances of a component, or of a chain, made one number."""

    metric: str
    aggregate: str = "avg"
    component: str | None = None
    """None: the policy's own."""
    chain: str | None = None
    window_s: float | None = None
    """The mean over so long; None: now."""
    at: int = field(default=1, compare=False)
    """Column where it stands, from 1."""
    quoted: bool = field(default=False, compare=False)
    """Said to be a name of the user's own."""

    @property
    def key(self) -> str:
        """The same for the same figure, wherever it stands."""
        owner = f"chain({self.chain})" if self.chain else self.component or ""
        return f"{self.aggregate}({owner}.{self.metric}, {self.window_s})"


@dataclass(frozen=True)
class Count:
    """How many instances a component has."""

    component: str | None = None
    at: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Negative:
    """Minus something."""

    of: "Tree"


@dataclass(frozen=True)
class Operation:
    """Two joined by + - * or /."""

    sign: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True)
class Choice:
    """The least or the greatest of several."""

    greatest: bool
    among: "tuple[Tree, ...]"


Tree: TypeAlias = Number | Figure | Count | Negative | Operation | Choice


class ExpressionError(ValueError):
    """What is wrong in an expression, where, and what would be right."""

    def __init__(self, at: int, message: str) -> None:
        self.at = at
        """Column, from 1."""
        super().__init__(f"at character {at}: {message}")


def parse(text: str) -> Tree:
    """The tree of an expression.

    :raises ExpressionError: with the column of what is wrong
    """
    plain = text.replace("\n", " ")
    stripped = plain.lstrip()
    shift = len(plain) - len(stripped)
    for index, letter in enumerate(plain):
        if not letter.isprintable() or not letter.isascii() or letter in "#\\`$":
            raise ExpressionError(index + 1, f"{letter!r} has no place in an expression")
    try:
        node = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        at = error.offset if error.offset and error.lineno == 1 else len(stripped)
        raise ExpressionError(shift + max(at, 1), _syntax(error, stripped)) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError(shift + 1, "too deeply nested") from None
    return _Reader(shift).read(node)


def _syntax(error: SyntaxError, text: str) -> str:
    if not text:
        return "nothing stands here: write an expression such as avg(cpu)"
    found = (error.msg or "").partition(". Perhaps")[0]
    if found.startswith("invalid syntax"):
        found = "this cannot stand here"
    return f"{found}; an expression is arithmetic over metrics, such as sum(requests_per_s) / instances"


def figures(tree: Tree) -> Iterator[Figure]:
    """All figures in it, from left to right."""
    return (each for each in leaves(tree) if isinstance(each, Figure))


def leaves(tree: Tree) -> Iterator[Number | Figure | Count]:
    """What is not made of anything else, from left to right."""
    match tree:
        case Negative(of):
            yield from leaves(of)
        case Operation(_, left, right):
            yield from leaves(left)
            yield from leaves(right)
        case Choice(_, among):
            for each in among:
                yield from leaves(each)
        case Number() | Figure() | Count():
            yield tree


class _Reader:
    """From Python's tree to ours; whatever else Python can say is refused."""

    def __init__(self, shift: int) -> None:
        self._shift = shift

    def read(self, node: ast.expr, depth: int = 0) -> Tree:
        if depth > _DEEP:
            raise self._error(node, f"nested deeper than {_DEEP} levels")

        def inner(each: ast.expr) -> Tree:
            return self.read(each, depth + 1)

        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Negative(inner(operand))
            case ast.BinOp():
                return self._operation(node, inner)
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return Number(self._number(node, value))
            case ast.Call(func=ast.Name(id=name)) if name != CHAIN:
                return self._call(node, name, inner)
        return self._figure(node)

    def _operation(self, node: ast.BinOp, inner: Callable[[ast.expr], Tree]) -> Operation:
        if sign := _SIGNS.get(type(node.op)):
            return Operation(sign, inner(node.left), inner(node.right))
        raise self._error(node, "no such operation: there are + - * /")

    def _error(self, node: ast.AST, message: str) -> ExpressionError:
        return ExpressionError(self._at(node), message)

    def _at(self, node: ast.AST) -> int:
        return self._shift + int(getattr(node, "col_offset", 0)) + 1

    def _number(self, node: ast.expr, value: float) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if number == float("inf"):
            raise self._error(node, "too large a number")
        return number

    def _call(self, node: ast.Call, name: str, inner: Callable[[ast.expr], Tree]) -> Tree:
        if name not in AGGREGATES:
            raise self._error(node, f"no function {name!r}; {hint(name, (*AGGREGATES, CHAIN))}")
        if node.keywords or not node.args:
            raise self._error(node, f'{name} takes a metric, as in {name}(cpu) or {name}(cpu, "60 s")')
        first, *others = node.args
        if not others:
            return self._aggregated(first, name, None)
        if len(others) == 1 and isinstance(others[0], ast.Constant) and isinstance(others[0].value, str):
            return self._aggregated(first, name, self._window(others[0]))
        if name not in ("min", "max"):
            raise self._error(others[0], f'{name} takes one metric and perhaps a time such as "60 s"')
        return Choice(name == "max", tuple(inner(each) for each in node.args))

    def _aggregated(self, node: ast.expr, aggregate: str, window_s: float | None) -> Figure:
        found = self._figure(node, aggregate, window_s)
        if isinstance(found, Count):
            raise self._error(node, f"{INSTANCES} is one number: write it without {aggregate}()")
        return found

    def _window(self, node: ast.Constant) -> float:
        try:
            return _DURATION.validate_python(node.value)
        except ValidationError as error:
            raise self._error(node, error.errors()[0]["msg"].removeprefix("Value error, ")) from None

    def _figure(
        self, node: ast.expr, aggregate: str = "avg", window_s: float | None = None
    ) -> Figure | Count:
        at = self._at(node)
        match node:
            case ast.Constant(value=str() as metric):
                return Figure(metric, aggregate, None, None, window_s, at, quoted=True)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="chain")) as call, attr=metric):
                return Figure(f"{CHAIN}_{metric}", aggregate, None, self._chain(call), window_s, at)
            case ast.Name(id=metric):
                owner = None
            case ast.Attribute(value=ast.Name(id=str() as owner), attr=metric):
                pass
            case ast.Attribute(value=ast.Constant(value=str() as owner), attr=metric):
                pass
            case ast.Compare():
                raise self._error(node, "nothing is compared here: thresholds are fields of their own")
            case _:
                raise self._error(node, _NO_METRIC)
        return (
            Count(owner, at) if metric == INSTANCES else Figure(metric, aggregate, owner, None, window_s, at)
        )

    def _chain(self, node: ast.Call) -> str:
        match node:
            case ast.Call(args=[ast.Constant(value=str() as name)], keywords=[]):
                return name
        raise self._error(node, 'a chain is named in quotes, as in chain("shopping").latency_ms')


_NO_METRIC = (
    'no metric: write its name, as in cpu, or that of another component, as in "load-balancer".cpu, '
    'or chain("shopping").latency_ms'
)
