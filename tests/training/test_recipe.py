"""Recipes: what TOML may say."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from genre_model.errors import RecipeError
from genre_model.training.networks import build_network
from genre_model.training.recipe import read_recipe, recipe_from_toml, recipe_names

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (resources.files("genre_model.training") / "recipes/gtzan_crnn.toml").read_text(
    "utf-8"
)


def test_the_bundled_recipe_reads() -> None:
    assert recipe_names() == ["gtzan_crnn"]
    recipe = read_recipe("gtzan_crnn")
    assert recipe.name == "gtzan_crnn"
    assert recipe.front_end.segment.segment_frames == 112


def test_a_file_reads(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT.replace("epochs = 40", "epochs = 2"), "utf-8")
    recipe = read_recipe(str(path))
    assert (recipe.name, recipe.training.epochs) == ("mine", 2)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("epochs = 40", "epoch = 40", "unknown setting epoch"),
        ("epochs = 40", "", "missing setting epochs"),
        ("epochs = 40", 'epochs = "many"', "epochs is 'many'; expected int"),
        ("epochs = 40", "epochs = -1", "must be 0 or more"),
        ("batch_size = 32", "batch_size = 0", "batch_size is 0; at least 1"),
        ("[augment]", "[[augment]]", "stands where"),
        ("n_mels = 96", "n_mels = 0", "MelConfig.n_mels is 0"),
        ("n_mels = 96", "mels = 96", "MelConfig holds"),
        ("[augment]", "[augment", "recipe mine: "),
    ],
)
def test_mistakes_are_named(old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    with pytest.raises(RecipeError, match=complaint):
        recipe_from_toml("mine", TEXT.replace(old, new))


def test_unknown_recipes_list_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no recipe 'vgg'; there is gtzan_crnn"):
        read_recipe("vgg")
    with pytest.raises(RecipeError, match=r"cannot read recipe .*gone\.toml"):
        read_recipe(str(tmp_path / "gone.toml"))


def test_networks_and_their_options_are_checked() -> None:
    with pytest.raises(RecipeError, match="unknown network 'vgg'"):
        build_network("vgg", 84, 10, {})
    with pytest.raises(RecipeError, match="unexpected keyword argument 'depth'"):
        build_network("residual_crnn", 84, 10, {"depth": 3})


def test_a_changed_setting_is_part_of_the_name() -> None:
    recipe = read_recipe("gtzan_crnn", ["training.genre_balance=1", "training.epochs=2"])
    assert recipe.name == "gtzan_crnn+training.genre_balance=1+training.epochs=2"
    assert (recipe.training.genre_balance, recipe.training.epochs) == (1, 2)


def test_a_file_can_be_changed_down_to_the_deepest_setting(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT, "utf-8")
    recipe = read_recipe(str(path), ["front_end.segment.segment_frames=56"])
    assert recipe.name == "mine+front_end.segment.segment_frames=56"
    assert recipe.front_end.segment.segment_frames == 56


def test_what_is_not_changed_stays() -> None:
    plain = read_recipe("gtzan_crnn")
    changed = read_recipe("gtzan_crnn", ["training.genre_balance=0.5"])
    training = replace(changed.training, genre_balance=0)
    assert replace(changed, name="gtzan_crnn", training=training) == plain


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("training.balance=1", "'training.balance=1' changes no setting"),
        ("trainings.epochs=1", "'trainings.epochs=1' changes no setting"),
        ("epochs=1", "'epochs=1' changes no setting; write section.name=value"),
        ("training.epochs", "'training.epochs' changes no setting"),
        ("training.epochs=many", "recipe gtzan_crnn: "),
        ("training.epochs=", "recipe gtzan_crnn: "),
        ("training.epochs='2'", "epochs is '2'; expected int"),
        ("training.epochs=1.5", "epochs is 1.5; expected int"),
        ("training.genre_balance=true", "genre_balance is True; expected float"),
        ("training.genre_balance=-1", "genre_balance is -1; it must be 0 or more"),
        ("front_end.mel.n_mels=0", "MelConfig.n_mels is 0"),
    ],
)
def test_mistaken_changes_are_named(change: str, complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        read_recipe("gtzan_crnn", [change])
