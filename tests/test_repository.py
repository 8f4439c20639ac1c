"""Rules that the repository keeps, checked on the repository itself."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hatchling.build import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGES = ("beetsplug", "genre_model")
MODULES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
MODULES_OF_PLUGIN = [path for path in MODULES if "beetsplug" in path.parts]

#: Idioms that are hard to read for people who learned English at school; CONTRIBUTING.md
#: says what to write instead.
BANNED = re.compile(
    r"\b(the person|a person's|likewise|notwithstanding|befell|nobody's business|born deaf"
    r"|stands there|stood there|what stands|what stood|became of|becomes of|comes of"
    r"|no matter|heeds?|sees? to|whatever|somebody|so many|anew|whoever"
    r"|judg(e|es|ed|ing|ements?)|bur(y|ies|ied)|before us|mends?|came of|as it comes"
    r"|in the place of|so as to|Say whether|cannot be had|nevertheless)\b",
    re.IGNORECASE,
)

#: More of them: pages have none, code still has some.
BANNED_IN_DOCS = re.compile(
    r"\b(hears?|heard|(?<!\*)ours|stands?|stood|what [^.;:|]{1,40} comes? to"
    r"|whether there|is none|as many|for (it|they) (is|are|has|have))\b",
    re.IGNORECASE,
)
#: What a program prints, and tables that a command writes.
NOT_PROSE = re.compile(
    r"^```.*?^```$|<!-- (?!end of )(.*?) -->.*?<!-- end of \1 -->", re.M | re.S
)

MAX_MODULE_LINES = 400
MAX_WHEEL_BYTES = 6_000_000

TRAINING_ONLY = {"torch", "librosa", "matplotlib", "pandas", "optuna", "tomli_w"}
HEAVY = TRAINING_ONLY | {"numpy", "scipy", "sklearn", "av", "onnx", "onnxruntime"}
#: The only modules that may import each of these.
OWNERS = {
    "av": {f"genre_model/audio/{name}.py" for name in ("decoder", "frames", "waveform")},
    "onnxruntime": {"genre_model/model/segment_probabilities.py"},
}
#: From the top down: a package or module imports only what stands in lines below its own.
LAYERS = {
    "genre_model": (
        "__main__",
        "cli",
        "papers",
        "training.search training.distillation training.gtzan_head",
        "training.evaluation",
        "training.fit",
        "training.export",
        "training.plots",
        "training.run_folder",
        "training.data",
        "training.networks training.recipe",
        "training.settings",
        "backbone",
        "personal",
        "worker",
        "classifier batch",
        "model",
        "features",
        "audio",
        "atomic_file errors label_spelling malloc_tuning metrics __init__",
    ),
    "beetsplug/genreclf": (
        "__init__",
        "commands",
        "evaluation",
        "tagging",
        "predict",
        "config",
        "models",
        "storage",
        "music_folder",
        "policy",
        "ui",
        "compat",
    ),
}


@dataclass(frozen=True)
class Import:
    """One imported module, or one name imported from it, by one of our modules."""

    where: str
    module: str
    name: str | None = None
    is_for_types: bool = field(default=False, compare=False)

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]

    def is_in(self, folder: str) -> bool:
        return self.where.startswith(f"{folder}/")


def imports_of(path: Path) -> list[Import]:
    """List every import, also those inside functions and for type checking."""
    where = path.relative_to(ROOT).as_posix()
    found: list[Import] = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for node in branch.body
    }
    for node in ast.walk(tree):
        is_for_types = node in for_types
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [Import(where, name, None, is_for_types) for name in names]
        elif isinstance(node, ast.ImportFrom):
            module = _absolute_module(where, node)
            names = [alias.name for alias in node.names]
            found += [Import(where, module, name, is_for_types) for name in names]
    return found


def _absolute_module(where: str, node: ast.ImportFrom) -> str:
    parents = where.split("/")[: -node.level] if node.level else []
    return ".".join([*parents, *([node.module] if node.module else [])])


IMPORTS = [found for path in MODULES for found in imports_of(path)]


def offenders(breaks_the_rule: Callable[[Import], bool]) -> list[str]:
    return [
        f"{found.where}: {found.module} {found.name or ''}"
        for found in IMPORTS
        if breaks_the_rule(found)
    ]


def test_the_model_never_imports_beets() -> None:
    beets = {"beets", "beetsplug", "confuse", "mediafile"}
    assert not offenders(lambda i: i.is_in("genre_model") and i.top in beets)


def test_the_plugin_uses_only_what_the_model_exports() -> None:
    exported = public_names(ROOT / "genre_model" / "__init__.py")
    used = {name for path in MODULES_OF_PLUGIN for name in names_of_the_model(path)}
    assert used
    assert used <= exported


def names_of_the_model(path: Path) -> set[str]:
    """List what a module imports from genre_model, or reads as ``genre_model.name``."""
    imported = {
        found.name if found.module == "genre_model" and found.name else found.module
        for found in imports_of(path)
        if found.top == "genre_model" and found != Import(found.where, "genre_model")
    }
    read = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "genre_model"
    }
    return imported | read


def public_names(path: Path) -> set[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=names):
                return set(ast.literal_eval(names))
    raise AssertionError(f"{path} has no __all__")


def test_what_only_training_needs_is_imported_only_there() -> None:
    places = ("genre_model/training", "genre_model/papers")
    assert not offenders(lambda i: i.top in TRAINING_ONLY and not any(map(i.is_in, places)))


@pytest.mark.parametrize("package", ["genre_model", "beetsplug/genreclf"])
def test_packages_import_only_what_is_listed_below_them(package: str) -> None:
    layers = LAYERS[package]
    ranks = {name: rank for rank, names in enumerate(layers) for name in names.split()}
    root = package.replace("/", ".")
    broken = {
        f"{found.where}: {target}"
        for found in IMPORTS
        if found.is_in(package) and (target := _module_of(found)).startswith(f"{root}.")
        for above, below in [(_layer(found.where, root), _layer(target, root))]
        if above != below and ranks[above] >= ranks[below] and not found.is_for_types
    }
    assert broken == set()


def _module_of(found: Import) -> str:
    """Return the module that an import reaches: a name may be a module of a package."""
    module = f"{found.module}.{found.name}"
    is_module = (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
    return module if is_module else found.module


def _layer(module: str, root: str) -> str:
    """Return the sub-package of a module, or the module itself beside them."""
    parts = module.removesuffix(".py").replace("/", ".").removeprefix(f"{root}.").split(".")
    if parts[0] == "training" and len(parts) > 1:
        return f"training.{parts[1]}"
    return parts[0]


@pytest.mark.parametrize("library", OWNERS)
def test_outside_things_have_an_owner(library: str) -> None:
    assert {i.where for i in IMPORTS if i.top == library} == OWNERS[library]


def test_audio_is_reached_through_the_waveform_only() -> None:
    assert not offenders(
        lambda i: (
            i.module in {"genre_model.audio.decoder", "genre_model.audio.resampler"}
            and i.where not in {*OWNERS["av"], "genre_model/audio/resampler.py"}
        )
    )


def test_the_plugin_folder_stays_a_namespace() -> None:
    # An __init__.py there would hide the plugins of all other distributions, and a
    # py.typed would be the same file as theirs.
    assert not [path for path in (ROOT / "beetsplug").iterdir() if path.is_file()]


def test_modules_stay_short() -> None:
    lengths = {path: len(path.read_bytes().splitlines()) for path in MODULES}
    assert not {p: n for p, n in lengths.items() if n > MAX_MODULE_LINES}


def test_the_changelog_begins_with_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[?v?(\d+\.\d+[^\s\]]*)", changelog, re.MULTILINE)
    assert versions[0] == project["project"]["version"]


def test_importing_the_plugin_loads_nothing_heavy() -> None:
    # Every `beet` command pays for what the plugin imports, `beet ls` included.
    script = (
        "import json, sys, beets.ui, beets.plugins;"
        "before = set(sys.modules);"
        "import genre_model, beetsplug.genreclf;"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = set(json.loads(run_python("-c", script)))
    assert "beetsplug.genreclf" in loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if name.startswith("genre_model.training")}


def test_listening_reports_to_nobody(tmp_path: Path) -> None:
    # ONNX Runtime (1.29, if not earlier ones) names the device in a file in the home
    # folder and sends events, unless it is told not to before it is imported.
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME"), str(tmp_path))
    run_python("-c", "import genre_model.model.segment_probabilities", **places)
    assert not list(tmp_path.rglob("*"))


def run_python(*arguments: str, **environment: str) -> str:
    done = subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / build_wheel(str(folder))


def test_the_wheel_holds_the_two_packages_whole(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    in_tree = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == in_tree


def test_the_wheel_carries_a_model_and_stays_small(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert [n for n in names if re.fullmatch(r"genre_model/models/\w+\.onnx", n)]
    assert wheel.stat().st_size <= MAX_WHEEL_BYTES


def test_the_example_for_contributors_runs(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "test_example.py").write_text(example, encoding="utf-8")
    options = ["-c", "pyproject.toml", "-p", "no:cacheprovider"]
    printed = run_python("-m", "pytest", *options, str(tmp_path))
    assert "1 passed" in printed


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_to_commits(path: Path) -> None:
    """A tag can be moved to other code; the comment says which it was."""
    used = re.findall(r"uses: (.*)", path.read_text(encoding="utf-8"))
    assert used
    assert [
        each for each in used if not re.fullmatch(r"\S+@[0-9a-f]{40} # v\S+", each)
    ] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_ask_for_no_more_than_they_name(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^permissions:( \{\}|\n  contents: read)$", text, re.MULTILINE)
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")


@pytest.mark.parametrize("page", ["performance", "reliability"])
def test_no_table_that_a_command_writes_is_empty(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    marked = re.findall(
        r"<!-- (?!end of )(.*?) -->(.*?)<!-- end of \1 -->", text, re.DOTALL
    )
    assert marked
    assert [name for name, table in marked if not table.strip()] == []


PAGES = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]


def idioms(pattern: re.Pattern[str], path: Path, text: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {idiom[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        if (idiom := pattern.search(line))
    ]


def test_english_is_plain() -> None:
    scripts = [*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "scripts").glob("*.py")]
    files = [*PAGES, *MODULES, *scripts]
    assert [
        each for path in files for each in idioms(BANNED, path, path.read_text("utf-8"))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_english_of_pages_is_plain(page: Path) -> None:
    prose = NOT_PROSE.sub(
        lambda match: "\n" * match[0].count("\n"), page.read_text(encoding="utf-8")
    )
    assert idioms(BANNED_IN_DOCS, page, prose) == []
