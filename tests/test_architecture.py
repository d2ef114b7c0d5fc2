"""The rules of the house: who may import whom, how large things get, what a name may be."""

import ast
import re
import subprocess
import sys
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.source_tree import (
    MODULES,
    ROOMS,
    ROOT,
    SOURCES,
    TESTS,
    functions,
    imported,
    no,
    own_imports,
)

# Where each driver lives. Whoever else needs one takes a port through its constructor.
DRIVERS = {
    "redis": ["cache/redis_*.py"],
    "aiobotocore": ["cache/object_*.py"],
    "botocore": ["cache/object_*.py"],
    "aiohttp": ["cache/object_*.py"],
    "replicate": ["core/generators/*", "core/enhancers/*"],
    "httpx": ["core/generators/*", "core/enhancers/*", "core/hooks/*"],
    "sqlalchemy": ["core/records/*"],
    "alembic": ["core/records/*"],
    "aiosqlite": ["core/records/*"],
    "asyncpg": ["core/records/*"],
    "PIL": ["core/imaging*", "core/cards.py", "core/generators/paint*"],
    "starlette": ["edge/*"],
    "uvicorn": ["edge/*"],
    "typer": ["edge/*"],
    "prometheus_client": ["edge/*"],
}
ADAPTERS = (
    "cache.redis_*",
    "cache.object_*",
    "cache.directory_tier",
    "core.enhancers.*",
    "core.generators.*",
    "core.hooks.*",
    "core.records.*",
)
# The composition root and the programs around it: they alone know settings and concrete adapters.
COMPOSITION = re.compile(
    r"edge\.(__main__|app|wiring|parts|services|making|equipping|deriving|purging|keeping|admitting"
    r"|providers|cli|commands|operations"
    r"|server\.serve|telemetry\.logs)(\.\w+)?"
)
FORBIDDEN_NAMES = {"utils", "helpers", "manager", "base", "common", "misc"}


def test_there_is_something_to_look_at() -> None:
    assert {path.split("/")[0] for path in SOURCES} == set(ROOMS)
    assert own_imports("edge.live_query") >= {"core.prompt", "core.errors", "edge.query"}


def test_the_import_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [program, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_stays_in_its_adapters(driver: str) -> None:
    no(
        [
            f"{path} imports {driver}"
            for path, tree in SOURCES.items()
            if any(target.split(".")[0] == driver for target in imported(tree))
            and not any(fnmatch(path, home) for home in DRIVERS[driver])
        ]
    )


def test_only_the_composition_root_knows_settings_and_adapters() -> None:
    no(
        [
            f"{name} imports {target}"
            for name in MODULES
            if name.startswith("edge") and not COMPOSITION.fullmatch(name)
            for target in own_imports(name)
            if target.split(".")[0] == "config" or any(fnmatch(target, one) for one in ADAPTERS)
        ]
    )


def test_nobody_reaches_settings_through_the_composition_root() -> None:
    no(
        [
            f"{name} imports {target}"
            for name in MODULES
            if not COMPOSITION.fullmatch(name)
            for target in own_imports(name)
            if COMPOSITION.fullmatch(target)
        ]
    )


def test_no_module_imports_itself_on_a_detour() -> None:
    try:
        TopologicalSorter({name: own_imports(name) for name in MODULES}).prepare()
    except CycleError as cycle:
        pytest.fail(" -> ".join(cycle.args[1]))


def test_our_own_modules_are_imported_at_the_top() -> None:
    no(
        [
            f"{path}:{function.lineno} imports {target}"
            for path, tree in SOURCES.items()
            for function in functions(tree)
            for target in imported(function)
            if target.split(".")[0] in ROOMS
        ]
    )


def test_files_are_short() -> None:
    lengths = {path: len((ROOT / path).read_bytes().splitlines()) for path in {**SOURCES, **TESTS}}
    no([f"{path} has {lines} lines" for path, lines in lengths.items() if lines > 300])


def test_functions_are_short() -> None:
    no(
        [
            f"{path}:{function.lineno} {function.name} has {lines} lines"
            for path, tree in SOURCES.items()
            for function in functions(tree)
            if (lines := (function.end_lineno or 0) - function.lineno + 1) > 40
        ]
    )


def test_every_module_opens_with_what_it_is_for() -> None:
    no([path for path, tree in {**SOURCES, **TESTS}.items() if tree.body and not described(tree)])


def described(tree: ast.Module) -> bool:
    return ast.get_docstring(tree) is not None


def test_no_module_is_named_for_nothing_or_like_a_library() -> None:
    wrapped = {target.split(".")[0] for tree in SOURCES.values() for target in imported(tree)}
    forbidden = FORBIDDEN_NAMES | wrapped - {*ROOMS}
    no([path for path in SOURCES if forbidden & set(path.removesuffix(".py").split("/"))])


def test_there_is_one_starlette() -> None:
    made = [
        f"{path}:{node.lineno}"
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Starlette")
    ]
    assert len(made) <= 1, made


def test_tests_pass_fakes_in_instead_of_patching() -> None:
    violations = [
        f"{path} imports {target}"
        for path, tree in TESTS.items()
        for target in imported(tree)
        if target.startswith(("unittest.mock", "mock."))
    ]
    violations += [
        f"{path}:{node.lineno} patches with monkeypatch.setattr"
        for path, tree in TESTS.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "monkeypatch.setattr"
    ]
    no(violations)
