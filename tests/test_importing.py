"""Importing a module of ours declares things and does nothing: no state, no work, no trace."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch

from tests.source_tree import MODULES, ROOMS, ROOT, SOURCES, imported, no

# What a module may call while it is imported: plain values and declarations, nothing that acts.
DECLARATIONS = re.compile(
    "dataclass|field|fields|frozenset|tuple|dict|range|chr|len|sum|min|max|int|float|bytes|sorted|zip"
    "|compile|join|encode|values|items|keys|format|upper|lower|split|Struct|Path|timedelta"
    "|datetime|Decimal|TypeVar|ParamSpec|NewType|namedtuple|MappingProxyType|auto|get_logger|getLogger"
    "|Field|ConfigDict|TypeAdapter|StringConstraints|AfterValidator|BeforeValidator"
    "|model_validator|field_validator|field_serializer|PlainSerializer|Discriminator|Tag"
    "|WithJsonSchema|partial|get_args"
    "|Typer|Option|Argument|command|callback|add_typer"
)
SCHEMA = re.compile(
    "MetaData|Table|Column|ForeignKey|Index|Identity|UniqueConstraint|CheckConstraint"
    "|PrimaryKeyConstraint|ForeignKeyConstraint|String|Text|Integer|BigInteger|SmallInteger"
    "|Boolean|LargeBinary|JSON|DateTime|Enum|text|func|with_variant|JSONB|desc|is_|and_|or_|label|select|literal"
)


def executed_on_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """What runs when a module is imported: not what stands inside its functions."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from statement.decorator_list
        elif isinstance(statement, ast.ClassDef):
            yield from statement.decorator_list
            yield from executed_on_import(statement.body)
        elif not (isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test)):
            yield statement


def calls(node: ast.AST) -> Iterator[ast.Call]:
    lambdas = {
        part for one in ast.walk(node) if isinstance(one, ast.Lambda) for part in ast.walk(one)
    }
    yield from (
        part for part in ast.walk(node) if isinstance(part, ast.Call) and part not in lambdas
    )


def own_names(tree: ast.Module) -> set[str]:
    """Our classes and functions as a module calls them: values of ours may be built on import."""
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ROOMS:
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def test_a_module_only_declares() -> None:
    violations = []
    for path, tree in SOURCES.items():
        if fnmatch(path, "core/records/migrations/*"):
            continue  # Alembic runs these files; that is what they are for
        vocabularies = [DECLARATIONS, SCHEMA][: 1 + path.startswith("core/records/")]
        violations += [
            f"{path}:{call.lineno} calls {callee}"
            for statement in executed_on_import(tree.body)
            for call in calls(statement)
            if (callee := ast.unparse(call.func)).split(".")[0] not in own_names(tree)
            and not any(words.fullmatch(callee.rpartition(".")[2]) for words in vocabularies)
        ]
    no(violations)


WITNESS = """
import importlib, sys, threading
others, ours = (names.split() for names in sys.stdin)
for name in others:
    try: importlib.import_module(name)
    except ImportError: importlib.import_module(name.rpartition(".")[0] or "sys")
seen = []
def witness(event, arguments):
    writes = event == "open" and arguments[1] not in ("r", "rb", None)
    if writes or event.partition(".")[0] in {"socket", "subprocess", "shutil"} or event in {
        "os.mkdir", "os.remove", "os.rename", "os.fork", "os.putenv", "signal.pthread_kill"
    }: seen.append(f"{event} {arguments}")
sys.addaudithook(witness)
threads = threading.active_count()
for name in ours: importlib.import_module(name)
assert not seen, seen
assert threading.active_count() == threads
"""


def test_importing_leaves_no_trace() -> None:
    ours = [name for name in MODULES if not re.search(r"migrations|__main__", name)]
    modules = {target for name in ours for target in imported(MODULES[name], name)}
    # First what libraries do when they are imported; only what follows is ours.
    others = sorted(
        name for name in modules if name.split(".")[0] not in {*ROOMS, "types_aiobotocore_s3"}
    )
    run = subprocess.run(
        [sys.executable, "-B", "-c", WITNESS],
        input=f"{' '.join(others)}\n{' '.join(ours)}",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_modules_hold_no_state() -> None:
    violations = []
    for path, tree in SOURCES.items():
        for statement in tree.body:
            value = getattr(statement, "value", None)
            empty = isinstance(value, ast.List | ast.Dict) and not ast.unparse(value)[1:-1]
            if empty and isinstance(statement, ast.Assign | ast.AnnAssign):
                violations.append(f"{path}:{statement.lineno} keeps something that will be filled")
        violations += [
            f"{path}:{node.lineno} rebinds a global"
            for node in ast.walk(tree)
            if isinstance(node, ast.Global)
        ]
    no(violations)
