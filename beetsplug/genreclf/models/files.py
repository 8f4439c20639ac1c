"""Removes models of the user's own, exports models, imports those of friends."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.models.active import (
    beet_command,
    chosen_model,
    forget_choice,
    is_path,
    known_models,
    model_folder,
    model_in_force,
    models_of_the_package,
    new_model_path,
    out_of_fold_path,
    own_model_path,
    own_models,
    own_name,
    person_path,
)
from beetsplug.genreclf.models.loading import ModelUnavailableError, load_classifier
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from genre_model import GenreClassifier

MODEL_NAME = re.compile(r"\w([\w .()-]*[\w.()-])?")


def update_hint() -> str:
    """Say how to re-tag what other models tagged."""
    return f"To re-tag what other models tagged: {beet_command()} genreclf --update"


def remove_model(name: str, configured: str | Path | None) -> None:
    """Delete a model of the user's own, and what belongs to it.

    Raises:
        UserError: if it is none of these, is configured, or cannot be deleted.
    """
    name = own_name(name)
    _check_removable(name, configured)
    model_id = _id_of(name)
    with about_file(model_folder()):
        was_chosen = chosen_model() == name
    # The model goes last: a failure before that can be tried again.
    if model_id is not None:
        remove_out_of_fold(name, model_id)
    with about_file(own_model_path(name)):
        if was_chosen:
            forget_choice()
        own_model_path(name).unlink()
    say(f"{name} is removed" + ("" if model_id is None else f": {model_id}"))
    if was_chosen:
        default = load_model(None).model_id
        say(f"It was the chosen model; the choice falls back to {default}")
    if was_chosen and configured is None:
        say(update_hint())


def _check_removable(name: str, configured: str | Path | None) -> None:
    own = own_models()
    if name in own:
        if configured is not None and own_name(str(configured)) == name:
            raise models_error(
                f"the configuration says model: {configured}; name another model there, "
                "or remove the line, before you remove the model"
            )
        if own_model_path(name) != new_model_path(name):
            raise models_error(
                f"{own_model_path(name)} belongs to your usual configuration: remove it "
                "without -c"
            )
    elif name in genre_model.bundled_model_names():
        raise models_error(f"{name} comes with genreclf and cannot be removed")
    elif name in genre_model.installed_model_names():
        path = genre_model.printable(str(genre_model.installed_model_path(name)))
        raise models_error(
            f"{name} was installed by genre-model backbone; to remove it, delete {path}"
        )
    else:
        raise models_error(
            f"no model {name!r} of your own; there is {', '.join(own) or 'none'} in "
            f"{model_folder()}"
        )


def remove_out_of_fold(name: str, model_id: str) -> None:
    """Delete what was said of the tracks of a model, unless another has the same id."""
    path = out_of_fold_path(model_id)
    # Not Path.is_file(), which cannot bear long names.
    if not os.path.isfile(path):  # noqa: PTH113
        return
    others = (_id_of(other) for other in own_models() if other != name)
    if model_id not in others:  # a copy under another name needs it
        with about_file(path):
            path.unlink()


def export_model(name: str, to: str) -> None:
    """Copy a model to a file that does not exist yet, or into a folder.

    Raises:
        UserError: if there is no such model, or it cannot be written there.
    """
    model_id = load_model(name).model_id
    name = own_name(name)
    if name not in known_models():
        raise models_error(f"{name} is a file already: copy that")
    path = person_path(to)
    if os.path.isdir(path):  # noqa: PTH112 -- Path.is_dir() cannot bear long names
        path /= f"{name}.onnx"
    if path.suffix.lower() != ".onnx":
        raise models_error(f"{path}: must end in .onnx, or be a folder")
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise models_error(f"{path.parent}: there is no such folder")
    if os.path.lexists(path):
        raise models_error(f"{path} exists, and is not overwritten")
    with about_file(path):
        content = genre_model.read_network(model_in_force(name))
        genre_model.write_atomically(path, content)
    say(
        f"{name} ({model_id}) is in {genre_model.printable(str(path))}; the card inside "
        "carries labels, counts and scores, but no paths or titles"
    )


def import_model(file: str, name: str | None, configured: str | Path | None) -> None:
    """Check a model file of unknown origin, and copy it to the user's own models.

    Args:
        file: as the user typed it.
        name: what to call it; None is the name of the file.
        configured: ``genreclf.model``.

    Raises:
        UserError: if the file or the name is refused, or cannot be written.
    """
    source = person_path(file)
    # File systems spell accents in two ways; a name has one.
    name = unicodedata.normalize("NFC", source.stem if name is None else name)
    _check_new_name(name)
    with about_file(source):
        content = genre_model.check_untrusted_model(source)
    path = new_model_path(name)
    with about_file(path):
        genre_model.write_atomically(path, content)
        is_in_force = model_in_force(configured) == path
    say(f"{name} ({load_model(name).model_id}) is one of your models now")
    if is_in_force:
        say("A model of this name was chosen before: it tags from now on")
    else:
        say(f"To tag with it: beet genreclf-models --use {shlex.quote(name)}")


def _check_new_name(name: str) -> None:
    if not MODEL_NAME.fullmatch(name) or is_path(name):
        raise models_error(
            f"{name!r} cannot be the name of a model, only letters, digits, spaces and "
            "_.()-; give one: beet genreclf-models --import FILE NAME"
        )
    if name.casefold() in map(str.casefold, models_of_the_package()):
        raise models_error(f"{name} comes with genreclf; give another name")
    if os.path.lexists(own_model_path(name)):
        raise models_error(
            f"there is a model {name} already; give another name, or first remove it: "
            f"beet genreclf-models --remove {shlex.quote(name)}"
        )


def _id_of(name: str) -> str | None:
    try:
        return load_model(own_model_path(name)).model_id
    except UserError:
        return None


def load_model(name: str | Path | None) -> GenreClassifier:
    """Load the model that a user named; None is the one in force.

    Raises:
        UserError: one line that says why it cannot be loaded.
    """
    if isinstance(name, str) and is_path(name):
        name = person_path(name)
    try:
        return load_classifier(name)
    except ModelUnavailableError as error:
        raise models_error(str(error)) from error


@contextmanager
def about_file(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file into one line that names it."""
    try:
        yield
    except (OSError, genre_model.GenreModelError, ImportError, UnicodeError) as error:
        text = str(error)
        if isinstance(error, OSError) and error.strerror:
            # A full disk names no file, and nobody knows the file that becomes this one.
            is_other = error.filename and not str(error.filename).endswith(".partial")
            text = f"{error.filename if is_other else path}: {error.strerror}"
        raise models_error(text) from error


def models_error(text: str) -> UserError:
    """Return an error that beets prints in one line."""
    return user_error(f"genreclf-models: {text}")
