"""Removes models of the user's own, exports models, imports models of unknown origin."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.models import active
from beetsplug.genreclf.models.loading import ModelError, load_classifier
from beetsplug.genreclf.ui.text import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL_NAME = re.compile(r"\w([\w .()-]*[\w.()-])?")


def update_hint() -> str:
    """Return how to re-tag what other models tagged."""
    return f"To re-tag what other models tagged: {active.beet_command()} genreclf --update"


def remove_model(name: str, configured: str | Path | None) -> None:
    """Delete a model of the user's own, and what belongs to it.

    Raises:
        ModelError: if it is none of these, is configured, or cannot be deleted.
    """
    name = active.own_name(name)
    _check_removable(name, configured)
    path = active.own_model_path(name)
    model_id = model_id_at(path)
    with about_file(active.model_folder()):
        was_chosen = active.chosen_model() == name
    # The model goes last: a failure before that can be tried again.
    if model_id is not None:
        remove_out_of_fold(name, model_id)
    with about_file(path):
        if was_chosen:
            active.forget_choice()
        path.unlink()
    say(f"{name} is removed" + ("" if model_id is None else f": {model_id}"))
    if was_chosen:
        default = load_classifier(None).model_id
        say(f"It was the chosen model; the choice falls back to {default}")
    if was_chosen and configured is None:
        say(update_hint())


def _check_removable(name: str, configured: str | Path | None) -> None:
    own = active.own_models()
    if name in own:
        if configured is not None and active.own_name(str(configured)) == name:
            raise ModelError(
                f"the configuration says model: {configured}; name another model there, "
                "or remove the line, before you remove the model"
            )
        path = active.own_model_path(name)
        if path != active.new_model_path(name):
            raise ModelError(
                f"{path} belongs to your usual configuration: remove it without -c"
            )
    elif name in genre_model.bundled_model_names():
        raise ModelError(f"{name} comes with genreclf and cannot be removed")
    elif name in genre_model.installed_model_names():
        path_text = genre_model.printable(str(genre_model.installed_model_path(name)))
        raise ModelError(
            f"{name} was installed by genre-model backbone; to remove it, delete "
            f"{path_text}"
        )
    else:
        raise ModelError(
            f"no model {name!r} of your own; there is {', '.join(own) or 'none'} in "
            f"{active.model_folder()}"
        )


def remove_out_of_fold(name: str, model_id: str) -> None:
    """Delete the out-of-fold predictions of a model, unless a copy of it needs them."""
    path = active.out_of_fold_path(model_id)
    # Not Path.is_file(), which raises for long names.
    if not os.path.isfile(path):  # noqa: PTH113
        return
    others = (each for each in active.own_models() if each != name)
    if model_id not in map(model_id_at, map(active.own_model_path, others)):
        with about_file(path):
            path.unlink()


def export_model(name: str, to: str) -> None:
    """Copy a model to a file that does not exist yet, or into a folder.

    Raises:
        ModelError: if there is no such model, or it cannot be written there.
    """
    model_id = load_classifier(name).model_id
    name = active.own_name(name)
    if name not in active.known_models():
        raise ModelError(f"{name} is a file already: copy that")
    path = active.user_path(to)
    if os.path.isdir(path):  # noqa: PTH112 -- Path.is_dir() raises for long names
        path /= f"{name}.onnx"
    if path.suffix.lower() != ".onnx":
        raise ModelError(f"{path}: must end in .onnx, or be a folder")
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise ModelError(f"{path.parent}: there is no such folder")
    if os.path.lexists(path):
        raise ModelError(f"{path} exists, and is not overwritten")
    with about_file(path):
        content = genre_model.read_network(active.model_in_force(name))
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
        ModelError: if the file or the name is refused, or cannot be written.
    """
    source = active.user_path(file)
    # File systems spell accents in two ways; a name has one.
    name = unicodedata.normalize("NFC", source.stem if name is None else name)
    check_name(name, remedy="; give one: beet genreclf-models --import FILE NAME")
    if os.path.lexists(active.own_model_path(name)):
        raise ModelError(
            f"there is a model {name} already; give another name, or first remove it: "
            f"beet genreclf-models --remove {shlex.quote(name)}"
        )
    with about_file(source):
        content = genre_model.check_untrusted_model(source)
    path = active.new_model_path(name)
    with about_file(path):
        genre_model.write_atomically(path, content)
        is_in_force = active.model_in_force(configured) == path
    say(f"{name} ({load_classifier(name).model_id}) is one of your models now")
    if is_in_force:
        say("A model of this name was chosen before: it tags from now on")
    else:
        say(f"To tag with it: beet genreclf-models --use {shlex.quote(name)}")


def check_name(name: str, *, remedy: str = "", other: str = "another name") -> None:
    """Refuse what cannot be the name of a model of the user's own.

    Raises:
        ModelError: with the remedy, or the advice to give an ``other`` name.
    """
    if not MODEL_NAME.fullmatch(name) or active.is_path(name):
        raise ModelError(
            f"{name!r} cannot be the name of a model, only letters, digits, spaces and "
            f"_.()-{remedy}"
        )
    if name.casefold() in map(str.casefold, active.models_of_the_package()):
        raise ModelError(f"{name} comes with genreclf; give {other}")


def model_id_at(path: Path) -> str | None:
    """Return the id of a model file; None if it is missing or damaged."""
    with suppress(ModelError):
        return load_classifier(path).model_id
    return None


@contextmanager
def about_file(path: Path, consequence: str = "") -> Iterator[None]:
    """Raise what goes wrong with a file as a ModelError that ends in the consequence."""
    try:
        yield
    except (OSError, genre_model.GenreModelError, ImportError, UnicodeError) as error:
        text = str(error)
        if isinstance(error, OSError) and error.strerror:
            # A full disk names no file, and the user does not know the temporary one.
            is_known = error.filename and not str(error.filename).endswith(".partial")
            text = f"{error.filename if is_known else path}: {error.strerror}"
        raise ModelError(f"{text}{consequence}") from error
