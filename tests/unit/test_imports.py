"""Imports point one way: from the interfaces down to the domain, never back."""

import ast
import sys
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SIBLINGS = {"catalogue", "placement", "planning", "adaptors", "monitoring", "reliability"}
CORE = {"domain", "activities", "workflows", "workers", "interfaces"} | SIBLINGS

# For each package of the project, the other packages of the project that it may import.
MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    **{name: {"domain"} for name in SIBLINGS},
    "activities": {"domain"} | SIBLINGS,
    "workflows": {"domain"},
    "workers": {"domain", "activities", "workflows"} | SIBLINGS,
    "interfaces": (CORE - {"interfaces"}) | {"lab"},
    "lab": {"domain", "catalogue", "adaptors", "workers"},
    "bench": CORE | {"lab"},
    "examples": CORE | {"lab"},
}
OWN = set(MAY_IMPORT) | {"tests"}

# Packages whose dependencies outside the project and the standard library are a closed list.
ONLY: dict[str, set[str]] = {
    "domain": {"pydantic", "pydantic_core", "typing_extensions"},
    "workflows": {"pydantic", "temporalio"},
}
TEMPORAL = {"activities", "workflows", "workers", "interfaces", "lab", "bench", "examples"}


def imported(tree: ast.Module) -> list[tuple[int, str]]:
    """Top-level names imported anywhere in a module, including inside functions and conditionals."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append((node.lineno, node.module.split(".")[0]))
        elif (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in {"import_module", "importlib.import_module", "__import__"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            found.append((node.lineno, node.args[0].value.split(".")[0]))
    return found


def allowed(package: str, name: str) -> bool:
    if name == package or name in sys.stdlib_module_names:
        return True
    if name in OWN:
        return name in MAY_IMPORT[package]
    if package in ONLY:
        return name in ONLY[package]
    return name != "temporalio" or package in TEMPORAL


def violations(root: Path) -> list[str]:
    """Every forbidden import below root, as "path:line imports name"."""
    return [
        f"{path.relative_to(root)}:{line} imports {name}"
        for package in sorted(MAY_IMPORT)
        for path in sorted((root / package).rglob("*.py"))
        for line, name in imported(ast.parse(path.read_text(), str(path)))
        if not allowed(package, name)
    ]


def modules(root: Path) -> dict[str, Path]:
    """Dotted names of the project's modules, a package under its own name."""
    found = {}
    for package in MAY_IMPORT:
        for path in (root / package).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def run_on_import(tree: ast.AST) -> Iterator[ast.stmt]:
    """Import statements that run when the module is imported: not those inside functions or TYPE_CHECKING."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        yield from run_on_import(node)


def needs(name: str, path: Path, known: Collection[str]) -> set[str]:
    """The project's modules that importing a module runs before it."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    wanted: set[str] = set()
    for node in run_on_import(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            wanted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            below = {f"{base}.{alias.name}" for alias in node.names} & set(known)
            # `from package import module` needs the module; any other name comes from the package itself.
            wanted |= below if len(below) == len(node.names) else {base, *below}
    return (wanted & set(known)) - {name}


def cycle(root: Path) -> list[str]:
    """Modules that import each other in a ring, or nothing."""
    known = modules(root)
    try:
        TopologicalSorter({name: needs(name, path, known) for name, path in known.items()}).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring
    return []


def test_no_modules_import_each_other() -> None:
    assert cycle(ROOT) == []


@pytest.mark.parametrize(
    ("first", "second", "ring"),
    [
        ("import domain.b", "import domain.a", True),
        ("from domain.b import x", "from .a import y", True),
        ("from domain import b", "class C:\n    from domain import a", True),
        ("from . import b", "try:\n    from domain.a import y\nexcept ImportError:\n    pass", True),
        ("import domain.b", "def f():\n    import domain.a", False),
        ("import domain.b", "if TYPE_CHECKING:\n    import domain.a", False),
        ("import domain.b", "import json", False),
    ],
)
def test_a_ring_of_imports_is_caught(tmp_path: Path, first: str, second: str, ring: bool) -> None:
    (tmp_path / "domain").mkdir()
    for name, source in (("__init__", ""), ("a", first), ("b", second)):
        (tmp_path / "domain" / f"{name}.py").write_text(source + "\n")
    assert bool(cycle(tmp_path)) == ring


def test_every_package_has_its_rule() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/*.py")} - {"scripts", "build"}
    assert packages <= OWN


def test_imports_point_one_way() -> None:
    assert violations(ROOT) == []


def test_the_domain_is_there_to_be_checked() -> None:
    assert list((ROOT / "domain").rglob("*.py"))


@pytest.mark.parametrize(
    ("package", "source", "name"),
    [
        ("domain", "import networkx", "networkx"),
        ("domain", "from catalogue.store import Store", "catalogue"),
        ("catalogue", "def f():\n    from placement import solve", "placement"),
        ("placement", "import temporalio.activity", "temporalio"),
        ("adaptors", "from reliability import x", "reliability"),
        ("activities", "from workflows import y", "workflows"),
        ("workflows", "import activities", "activities"),
        ("workflows", "import sqlalchemy", "sqlalchemy"),
        ("workers", "import interfaces.cli", "interfaces"),
        ("lab", "from interfaces import api", "interfaces"),
        ("lab", "import placement", "placement"),
        ("interfaces", "import bench", "bench"),
        ("examples", "import tests.unit", "tests"),
        ("monitoring", "import importlib\nimportlib.import_module('adaptors.nova')", "adaptors"),
    ],
)
def test_a_forbidden_import_is_caught(tmp_path: Path, package: str, source: str, name: str) -> None:
    module = tmp_path / package / "inner" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text(source + "\n")
    found = violations(tmp_path)
    assert len(found) == 1
    assert found[0].startswith(f"{package}/inner/module.py:")
    assert found[0].endswith(f"imports {name}")


@pytest.mark.parametrize(
    ("package", "source"),
    [
        (
            "domain",
            "import json\nfrom pydantic import Field\nfrom domain.units import x\nfrom . import y",
        ),
        ("placement", "import pulp\nfrom domain import models"),
        ("activities", "from temporalio import activity\nimport catalogue, placement"),
        ("workflows", "from datetime import timedelta\nfrom temporalio import workflow\nimport domain.plans"),
        ("workers", "import workflows, activities, adaptors, temporalio"),
        ("interfaces", "import workers, lab, typer"),
        ("lab", "import workers, adaptors, catalogue, domain"),
        ("bench", "import lab, interfaces"),
    ],
)
def test_a_permitted_import_is_not(tmp_path: Path, package: str, source: str) -> None:
    module = tmp_path / package / "module.py"
    module.parent.mkdir()
    module.write_text(source + "\n")
    assert violations(tmp_path) == []
