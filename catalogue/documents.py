"""From a document's text to a model, with every error's line and field path. No I/O."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from catalogue.json_texts import JsonTextError, as_yaml, is_json
from catalogue.mending import mended
from catalogue.schedules import time_complaints
from domain.contradictions import Complaint
from domain.descriptor import Descriptor
from domain.errors import DocumentError, Issue
from domain.infrastructure import Infrastructure, dangling_link_ends
from domain.models import Model
from domain.semantics import complaints
from domain.wording import WAYS, worded


@dataclass(frozen=True)
class Limits:
    """What a document may have at most."""

    mib: int
    nodes: int
    """After aliases are expanded: what a YAML bomb multiplies."""


OF_DESCRIPTORS = Limits(mib=1, nodes=100_000)
OF_INFRASTRUCTURES = Limits(mib=16, nodes=1_000_000)
"""The largest known networks have 4,000 PoPs: 2 MiB and 180,000 nodes."""
MAX_BYTES = OF_INFRASTRUCTURES.mib * 1024 * 1024
"""What nobody needs to read beyond."""
MAX_DEPTH = 50

Path = tuple[str | int, ...]
M = TypeVar("M", bound=Model)


def read_descriptor(content: bytes, source: str) -> Descriptor:
    """A service descriptor from YAML or JSON.

    :raises DocumentError: with all that is wrong in it
    """
    return read(content, source, Descriptor, _of_services, OF_DESCRIPTORS)


def read_infrastructure(content: bytes, source: str) -> Infrastructure:
    """An infrastructure document from YAML or JSON.

    :raises DocumentError: with all that is wrong in it
    """
    return read(content, source, Infrastructure, dangling_link_ends, OF_INFRASTRUCTURES)


def read(
    content: bytes,
    source: str,
    model: type[M],
    check: Callable[[M], Sequence[Complaint]],
    limits: Limits,
) -> M:
    """A document of any model from YAML or JSON.

    :param check: what is wrong between its fields
    :raises DocumentError: with all that is wrong in it
    """
    data, lines = _parse(content, source, limits)
    _guard_kind(data, source, model, lines)
    try:
        document = model.model_validate(data)
    except ValidationError as error:
        rest = mended(data, model, error.errors())
        between = _between(rest, check, lines) if rest else []
        fields = [_issue(each, model, lines) for each in error.errors()]
        raise DocumentError(source, [*fields, *between]) from None
    if found := _between(document, check, lines):
        raise DocumentError(source, found)
    return document


def _of_services(descriptor: Descriptor) -> list[Complaint]:
    return [*complaints(descriptor), *time_complaints(descriptor)]


def _guard_kind(data: Any, source: str, model: type[Model], lines: dict[Path, int]) -> None:
    """Of the other kind of document no field is looked at: all of them would be wrong."""
    documents: tuple[type[Model], ...] = (Descriptor, Infrastructure)
    kinds = {each: get_args(each.model_fields["kind"].annotation)[0] for each in documents}
    found = data.get("kind") if isinstance(data, dict) else None
    if found != kinds.get(model) and found in kinds.values():
        wanted = f"one of kind {kinds[model]}" if model in kinds else f"a {model.__name__.lower()}"
        message = f"this is a document of kind {found}; {wanted} is wanted"
        raise DocumentError(source, [Issue(line=_line(("kind",), lines), path="kind", message=message)])


def _between(document: M, check: Callable[[M], Sequence[Complaint]], lines: dict[Path, int]) -> list[Issue]:
    """What is wrong between the fields."""
    return [Issue(line=_line(p, lines), path=_dotted(p), message=m) for p, m in check(document)]


def _parse(content: bytes, source: str, limits: Limits) -> tuple[Any, dict[Path, int]]:
    if len(content) > limits.mib * 1024 * 1024:
        raise _refusal(source, f"the file is larger than the {limits.mib} MiB that such a document may have")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(
            source, f"not text: byte {error.start} is not UTF-8; YAML or JSON is expected"
        ) from None
    try:
        text = as_yaml(text) if is_json(source) else text
        _guard_depth(text, source)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except JsonTextError as error:
        raise _refusal(source, str(error), error.line) from None
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(error, source) from None
    except yaml.YAMLError as error:
        raise _refusal(source, f"not YAML: {error}") from None
    if root is None:
        raise _refusal(source, "the file is empty")
    builder = _Builder(source, limits.nodes)
    return builder.build(root, (), ()), builder.lines


def _not_yaml(error: yaml.MarkedYAMLError, source: str) -> DocumentError:
    problem, mark = error.problem or error, error.problem_mark
    if mark is None:
        return _refusal(source, f"not YAML: {problem}")
    return _refusal(source, f"not YAML: {problem}, at column {mark.column + 1}", mark.line + 1)


def _guard_depth(text: str, source: str) -> None:
    """Refuse deep nesting before composing, whose recursion in C would overflow the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise _refusal(source, f"nested deeper than {MAX_DEPTH} levels", line)


def _refusal(source: str, message: str, line: int | None = None) -> DocumentError:
    return DocumentError(source, [Issue(line=line, path="", message=message)])


class _Builder:
    """Turns YAML nodes into plain data, noting each field's line; bounded in size, depth and aliases."""

    def __init__(self, source: str, most: int) -> None:
        self.lines: dict[Path, int] = {}
        self._source = source
        self._most = most
        self._nodes = 0
        self._scalars = yaml.CSafeLoader("")

    def build(self, node: Any, path: Path, above: tuple[int, ...]) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._guard(node, path, above, line)
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path, inside)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index), inside) for index, item in enumerate(node.value)]
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError, ArithmeticError) as error:
            problem = getattr(error, "problem", None) or error
            raise _refusal(self._source, f"{_dotted(path)}: {problem}", line) from None
        except (LookupError, AttributeError):  # how PyYAML fails on a value that its explicit tag denies
            message = f"{_dotted(path)}: {node.value!r} is not a {node.tag.rpartition(':')[2]}"
            raise _refusal(self._source, message, line) from None

    def _guard(self, node: Any, path: Path, above: tuple[int, ...], line: int) -> None:
        self._nodes += 1
        if id(node) in above:
            raise _refusal(self._source, f"{_dotted(path)}: an alias that contains itself", line)
        if len(above) > MAX_DEPTH:
            raise _refusal(self._source, f"nested deeper than {MAX_DEPTH} levels", line)
        if self._nodes > self._most:
            raise _refusal(self._source, f"more than {self._most} values once its aliases are expanded", line)

    def _mapping(self, node: Any, path: Path, inside: tuple[int, ...]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _refusal(self._source, "a key must be a plain name", line)
            key = key_node.value
            where = (*path, key)
            if key in found:
                first = self.lines[where]
                message = f"{_dotted(where)}: duplicate name {key!r}, first on line {first}"
                raise _refusal(self._source, message, line)
            self.lines[where] = line
            found[key] = self.build(value_node, where, inside)
        return found


def _issue(error: ErrorDetails, model: type[Model], lines: dict[Path, int]) -> Issue:
    path: Path = tuple(part for part in error["loc"] if part != "[key]" and part not in WAYS)
    message = worded(error, model)
    field, colon, rest = message.partition(": ")
    if not path and colon and field in model.model_fields:  # between fields, told of one of them
        path, message = (field,), rest
    return Issue(line=_line(path, lines), path=_dotted(path), message=message)


def _line(path: Path, lines: dict[Path, int]) -> int | None:
    """The line of the field or, where it is missing, of the nearest one that encloses it."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
