"""Our own source files, parsed, and the questions the architecture tests ask of them."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("edge", "core", "cache", "config")


def sources(*folders: str) -> dict[str, ast.Module]:
    """Parsed files by their path from the root."""
    return {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


SOURCES = sources(*ROOMS)
TESTS = sources("tests")


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_name(path): tree for path, tree in SOURCES.items()}


def imported(tree: ast.AST, name: str = "", *, package: bool = False) -> Iterator[str]:
    """The dotted names that a tree imports; ``name`` resolves relative imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = name.split(".")
            parents = parts[: len(parts) - node.level + package] if node.level else []
            origin = ".".join([*parents, *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def own_imports(name: str) -> set[str]:
    """The modules of ours that a module imports."""
    package = (ROOT / name.replace(".", "/")).is_dir()
    found = set()
    for target in imported(MODULES[name], name, package=package):
        candidates = (target, target.rpartition(".")[0])
        found.update(next(([module] for module in candidates if module in MODULES), []))
    return found - {name}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def no(violations: list[str]) -> None:
    assert not violations, "\n" + "\n".join(violations)
