"""Recipes: what TOML may say."""

from __future__ import annotations

from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import pytest
import torch

from genre_model.errors import RecipeError
from genre_model.features.mel_frames import count_bands
from genre_model.training.data.labelled_mel_frames import PICTURE_FRONT_END
from genre_model.training.networks import build_network
from genre_model.training.recipe import read_recipe, recipe_from_toml, recipe_names

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (resources.files("genre_model.training") / "recipes/gtzan_crnn.toml").read_text(
    "utf-8"
)


def test_the_bundled_recipe_reads() -> None:
    assert "gtzan_crnn" in recipe_names()
    assert not [name for name in recipe_names() if name.startswith("base_")]
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
        ("[augment]", "[[augment]]", "expected"),
        ("n_mels = 96", "n_mels = 0", "MelConfig.n_mels is 0"),
        ("n_mels = 96", "mels = 96", "MelConfig holds"),
        ("[augment]", "[augment", "recipe mine: "),
        ('"one_cycle"', '"cosine"', "schedule is 'cosine'; expected 'one_cycle' or"),
        ("standardise_tracks = true", "standardise_tracks = 1", "expected bool"),
        ("epochs = 40", "epochs = true", "expected int"),
    ],
)
def test_mistakes_are_named(old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    with pytest.raises(RecipeError, match=complaint):
        recipe_from_toml("mine", TEXT.replace(old, new))


def test_unknown_recipes_list_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no recipe 'vgg'; there is .*gtzan_crnn"):
        read_recipe("vgg")
    with pytest.raises(RecipeError, match=r"cannot read recipe .*gone\.toml"):
        read_recipe(str(tmp_path / "gone.toml"))


def test_networks_and_their_options_are_checked() -> None:
    with pytest.raises(RecipeError, match="unknown network 'vgg'"):
        build_network("vgg", (84, 112), 10, {})
    with pytest.raises(RecipeError, match="unexpected keyword argument 'depth'"):
        build_network("residual_crnn", (84, 112), 10, {"depth": 3})


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
        ('training.schedule="plateau"', "schedule_factor is 1; a plateau needs less"),
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


@pytest.mark.parametrize("name", recipe_names())
@pytest.mark.parametrize("pictures", [False, True])
def test_every_recipe_builds_its_network(name: str, pictures: bool) -> None:
    recipe = read_recipe(name, pictures=pictures)
    mel = recipe.front_end.mel
    shape = (count_bands(mel), recipe.front_end.segment.segment_frames)
    if name == "a5_table_picture_cnn":
        shape = (128, 129)
    elif name == "a3_table_cnn":
        shape = (57, 1)
    network = build_network(recipe.network, shape, 10, recipe.network_options)
    logits, _ = network.eval()(torch.zeros(2, *shape))
    assert logits.shape == (2, 10)


@pytest.mark.parametrize("name", recipe_names())
def test_on_pictures_every_recipe_has_their_front_end(name: str) -> None:
    mel = read_recipe(name, pictures=True).front_end.mel
    assert {key: getattr(mel, key) for key in PICTURE_FRONT_END} == PICTURE_FRONT_END


def test_a_recipe_holds_what_differs_from_the_one_it_extends() -> None:
    text = 'extends = "gtzan_crnn"\n[training]\nepochs = 3\n'
    recipe, parent = recipe_from_toml("mine", text), read_recipe("gtzan_crnn")
    assert recipe.training == replace(parent.training, epochs=3)
    assert recipe.network_options == parent.network_options


def test_options_of_another_network_are_not_inherited() -> None:
    text = 'extends = "c3_cnn"\nnetwork = "mfcc_lstm"\n[network_options]\nn_mfcc = 20\n'
    for pictures in (False, True):
        recipe = recipe_from_toml("mine", text, pictures=pictures)
        assert recipe.network_options == {"n_mfcc": 20}


def test_only_bundled_recipes_can_be_extended() -> None:
    with pytest.raises(RecipeError, match="extends = 'vgg'; a recipe can extend a3_table"):
        recipe_from_toml("mine", 'extends = "vgg"\n')


def test_the_table_of_pictures_counts_on_pictures_only() -> None:
    text = TEXT + "\n[pictures.training]\nepochs = 7\n"
    assert recipe_from_toml("mine", text).training.epochs == 40
    assert recipe_from_toml("mine", text, pictures=True).training.epochs == 7
    changed = recipe_from_toml("mine", text, ["training.epochs=2"], pictures=True)
    assert changed.training.epochs == 2, "a change has the last word"


def test_settings_have_a_hash_and_names_have_none() -> None:
    recipe = recipe_from_toml("mine", TEXT)
    assert recipe.settings_hash == recipe_from_toml("yours", TEXT).settings_hash
    same = recipe_from_toml(
        "mine", TEXT.replace("genre_balance = 0", "genre_balance = 0.0")
    )
    assert same.settings_hash == recipe.settings_hash
    other = recipe_from_toml("mine", TEXT, ["training.epochs=41"])
    assert other.settings_hash != recipe.settings_hash
