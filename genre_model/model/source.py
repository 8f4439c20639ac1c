"""Finds and reads model files: paths, and names of bundled or installed models."""

from __future__ import annotations

import hashlib
import os
import sys
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

DEFAULT_MODEL = "genre_crnn_v1"
#: Name of a backbone -> name of the model that it becomes.
BACKBONES = {"mn04": "gtzan_mn04_v1", "taggers": "published_taggers_v1"}
#: Environment variable that overrides :func:`data_folder`.
DATA_VARIABLE = "GENRE_MODEL_DATA"
#: Beside the bundled models, as ``sha256sum`` writes it.
CHECKSUMS = "SHA256SUMS"
#: Larger than any model of this project.
MAX_BYTES = 256 * 2**20
#: Where beets looks for its configuration, unless ``BEETSDIR`` says otherwise.
CONFIG_HOMES = (
    "~/.config/beets",
    "$XDG_CONFIG_HOME/beets",
    "~/Library/Application Support/beets",
    "$APPDATA/beets",
)


def data_folder() -> Path:
    """Return the folder for files that users install, as each system has it."""
    if given := os.environ.get(DATA_VARIABLE):
        return Path(given)
    # Not Path.home(), which may raise if there is none.
    home = Path(os.path.expanduser("~"))  # noqa: PTH111
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"
    return Path(base) / "genre_model"


def bundled_model_names() -> list[str]:
    """Return the names of the models that come with the package."""
    folder = resources.files("genre_model") / "models"
    paths = (Path(entry.name) for entry in folder.iterdir())
    return sorted(path.stem for path in paths if path.suffix == ".onnx")


def installed_model_names() -> list[str]:
    """Return the names of the models that ``genre-model backbone install`` has made."""
    try:
        paths = list((data_folder() / "models").iterdir())
    except OSError:
        return []
    names = {path.stem for path in paths if path.suffix == ".onnx"}
    return sorted(names - set(bundled_model_names()))


def installed_model_path(name: str) -> Path:
    """Return where an installed model is, or would be."""
    return data_folder() / "models" / f"{name}.onnx"


def installed_backbone(name: str) -> str:
    """Return the name of the model that an installed backbone became.

    Raises:
        ModelFileError: if there is no such backbone, or it is not installed.
    """
    if name not in BACKBONES:
        raise ModelFileError(f"no backbone {name!r}; there is {', '.join(BACKBONES)}")
    if BACKBONES[name] not in installed_model_names():
        raise ModelFileError(
            f"backbone {name} is not installed: genre-model backbone install {name}"
        )
    return BACKBONES[name]


def personal_model_path(name: str) -> Path | None:
    """Return where the beets plugin keeps a model of this name; None if it has none."""
    homes = CONFIG_HOMES if "BEETSDIR" not in os.environ else ("$BEETSDIR",)
    folders = (os.path.expanduser(os.path.expandvars(home)) for home in homes)  # noqa: PTH111
    paths = (Path(folder, "genreclf", f"{name}.onnx") for folder in folders)
    # Not Path.is_file(), which cannot bear long names.
    return next((path for path in paths if os.path.isfile(path)), None)  # noqa: PTH113


def find_model(model: str | Path | None = None) -> Path | Traversable:
    """Return where a model file is, or would be.

    Args:
        model: path of an ``.onnx`` file, or name of a bundled or installed model or of
            one that the beets plugin has trained; None is ``DEFAULT_MODEL``.

    Raises:
        ModelFileError: one line, if it is none of these.
    """
    name = str(model or DEFAULT_MODEL)
    if name.lower().endswith(".onnx"):
        return Path(os.path.expanduser(name))  # noqa: PTH111 -- it never raises
    bundled = bundled_model_names()
    if name not in bundled:
        installed = installed_model_names()
        if name in installed:
            return installed_model_path(name)
        if (personal := personal_model_path(name)) is not None:
            return personal
        if os.path.exists(name):  # noqa: PTH110 -- it never raises
            raise ModelFileError(f"model file {name}: its name must end in .onnx")
        raise no_such_model(name, [*bundled, *installed])
    return resources.files("genre_model") / "models" / f"{name}.onnx"


def no_such_model(name: str, known: Sequence[str]) -> ModelFileError:
    """Return the error that there is no model of this name; ``known`` are the others."""
    if backbones := [key for key, model in BACKBONES.items() if model == name]:
        return ModelFileError(
            f"model {name!r} needs a network that is not installed: "
            f"genre-model backbone install {backbones[0]}"
        )
    if name in BACKBONES:
        return ModelFileError(f"no model {name!r}; did you mean {BACKBONES[name]}?")
    return ModelFileError(
        f"no model {name!r}; there is {', '.join(known) or 'none'}, or give the path of an "
        ".onnx file"
    )


def read_network(model: str | Path | None = None) -> bytes:
    """Return the content of a model file; that of bundled ones is compared by checksum.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
    """
    source = find_model(model)
    try:
        if isinstance(source, Path) and source.stat().st_size > MAX_BYTES:
            raise ModelFileError(
                f"model file {source}: it is larger than {MAX_BYTES // 2**20} MB"
            )
        content = source.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"model file {source}: cannot be read ({error.strerror})"
        ) from error
    if str(model or DEFAULT_MODEL) in bundled_model_names():
        check_sum(source.name, content)
    return content


def check_sum(name: str, content: bytes) -> None:
    """Compare a file of the package with its published checksum.

    Raises:
        ModelFileError: if it is another file.
    """
    folder = resources.files("genre_model") / "models"
    try:
        checksums = (folder / CHECKSUMS).read_text("utf-8")
    except OSError:
        checksums = ""
    if f"{hashlib.sha256(content).hexdigest()}  {name}" not in checksums.splitlines():
        raise ModelFileError(
            f"model file {name}: it is not the one that was published; install "
            "beets-genreclf again"
        )
