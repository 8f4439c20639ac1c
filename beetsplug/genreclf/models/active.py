"""The model in force: the configured one, the chosen one, or the bundled one."""

from __future__ import annotations

import os
import re
import shlex
from contextlib import suppress
from pathlib import Path

import beets
import confuse

import genre_model

#: Within the folder of the beets configuration.
FOLDER = "genreclf"
CHOSEN = "chosen-model"
OUT_OF_FOLD = "out-of-fold"


def model_in_force(option: str | Path | None) -> str | Path | None:
    """Return what to load.

    Args:
        option: ``genreclf.model``: a path, the name of a model, or None.

    Returns:
        The path of a model of the user's own, the name of a bundled one, or None for
        the default.
    """
    name = option if option is not None else chosen_model()
    if not isinstance(name, str):
        return name
    paths = [own_model_path(name)]
    if option is None:  # a model beside the choice goes before one of the same name
        paths.insert(0, _first_existing(CHOSEN).with_name(f"{name}.onnx"))
    # Not Path.is_file(), which raises for long names.
    return next((path for path in paths if os.path.isfile(path)), name)  # noqa: PTH113


def is_path(name: str) -> bool:
    """Return True if a model is given by its path, not by its name."""
    return name.lower().endswith(".onnx") or "/" in name or "\\" in name


def chosen_model() -> str | None:
    """Return the name of the chosen model; None if none was chosen.

    Raises:
        OSError: if the choice cannot be read; it names the file.
        UnicodeError: if it is no text.
    """
    choice = _first_existing(CHOSEN)
    try:
        return choice.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise UnicodeError(f"{choice} is no text: delete it") from error


def choose_model(name: str) -> None:
    """Choose a model for all later commands."""
    genre_model.write_atomically(model_folder() / CHOSEN, f"{name}\n".encode())


def forget_choice() -> None:
    """Choose the bundled default."""
    (model_folder() / CHOSEN).unlink(missing_ok=True)


def advice(option: str | Path | None) -> str:
    """Return what to add to an error of loading, if the model is the chosen one."""
    if option is not None or chosen_model() is None:
        return ""
    known = ", ".join(known_models())
    return f"; choose another ({known}): beet genreclf-models --use NAME"


def known_models() -> list[str]:
    """Return the names of the models that can be chosen."""
    return sorted({*models_of_the_package(), *own_models()})


def models_of_the_package() -> list[str]:
    """Return the names that no model of the user's own may have."""
    return [*genre_model.bundled_model_names(), *genre_model.installed_model_names()]


def own_models() -> list[str]:
    """Return the names of the user's own models."""
    return sorted({path.stem for one in _folders() for path in one.glob("*.onnx")})


def own_model_path(name: str) -> Path:
    """Return the path of a model of the user's own, which need not exist."""
    return _first_existing(f"{name}.onnx")


def new_model_path(name: str) -> Path:
    """Return where to write a model of the user's own."""
    return model_folder() / f"{name}.onnx"


def own_name(name: str) -> str:
    """Return the name of a model of the user's own whose path was given."""
    path = user_path(name)
    is_own = is_path(name) and path.resolve() == own_model_path(path.stem).resolve()
    return path.stem if is_own else name


def user_path(text: str) -> Path:
    """Return the path that a user typed."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 -- it never raises


def out_of_fold_path(model_id: str) -> Path:
    """Return where the out-of-fold predictions of a model are.

    Args:
        model_id: of a model; one of unknown origin may call itself anything, so this is
            no path.
    """
    name = re.sub(r"[^\w .()@-]", "_", model_id)
    return _first_existing(f"{OUT_OF_FOLD}/{name}.json")


def model_folder() -> Path:
    """Return the folder where to write the user's own models.

    It is beside the configuration file. A file that was given with ``beet -c`` has a
    folder of its own, which other configurations do not see.
    """
    return _folders()[0]


def beet_command() -> str:
    """Return how to call ``beet`` with the configuration of this run."""
    given = _given_configuration()
    return "beet" if given is None else f"beet -c {shlex.quote(str(given))}"


def _given_configuration() -> Path | None:
    """Return the file that was given with ``beet -c``, unless it is the usual one."""
    usual = {Path(beets.config.user_config_path()).resolve()}
    with suppress(confuse.NotFoundError):
        included = beets.config["include"].sequence()
        usual |= {Path(view.as_filename()).resolve() for view in included}
    # Before beets 2.14 only the sources tell of the option.
    for source in beets.config.sources:
        if source.filename and not source.default:
            path = Path(source.filename).resolve()
            if path not in usual:
                return path
    return None


def _folders() -> list[Path]:
    """Return the folders of models, the one to write to first."""
    folders = [Path(beets.config.config_dir()) / FOLDER]
    given = _given_configuration()
    if given is not None:
        folders.insert(0, given.with_suffix(f".{FOLDER}"))
    return folders


def _first_existing(name: str) -> Path:
    """Return the path of a file; where to write it if it does not exist."""
    paths = [folder / name for folder in _folders()]
    # Not Path.exists(), which raises for long names.
    return next((path for path in paths if os.path.lexists(path)), paths[0])
