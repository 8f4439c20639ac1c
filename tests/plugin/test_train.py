"""``beet genreclf-train`` on a real library, with real audio and a real network."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from audio_files import noise, tone, write_audio
from beets.library import Item
from mediafile import MediaFile
from onnx_models import write_small_model

import genre_model
from beetsplug.genreclf.models.active import choose_model, model_folder, out_of_fold_path
from beetsplug.genreclf.models.out_of_fold import read_out_of_fold
from genre_model.model.model_file import write_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugin.conftest import BeetsHome

#: What makes a genre here: where its tones lie.
HZ = {"Cellar": 110.0, "Attic": 3000.0}
N_EACH = 6


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tones")
    return {
        label: write_audio(folder / f"{label}.mp3", tone(hz, 3.5))
        for label, hz in HZ.items()
    }


@pytest.fixture
def add(home: BeetsHome, tones: dict[str, Path]) -> Callable[..., int]:
    """Return a function that puts a tone into folder and library, under any genres."""

    def add_tone(sound: str, title: str, **tags: object) -> int:
        path = home.music / f"{title}.mp3"
        shutil.copyfile(tones[sound], path)
        media_file = MediaFile(path)
        media_file.update({"title": title, "artist": title, "genres": [sound], **tags})
        media_file.save()
        item_id = home.library().add(Item.from_path(path))
        assert item_id is not None
        return item_id

    return add_tone


@pytest.fixture
def labelled(home: BeetsHome, add: Callable[..., int]) -> BeetsHome:
    """A library of two genres, by three artists each; the parent is a small network."""
    parent = write_small_model(home.folder / "parent.onnx")
    home.configure(training={"parent": str(parent), "min_tracks": 3})
    for sound in HZ:
        for number in range(N_EACH):
            add(sound, f"{sound} {number}", artist=f"{sound} band {number // 2}")
    return home


def in_force(home: BeetsHome) -> str:
    """Return the id of the model in force."""
    (line,) = [each for each in home.beet("genreclf-models").lines if each.startswith("* ")]
    return line.split()[-1]


class TestTrain:
    def test_the_new_model_tags_with_the_persons_genres(
        self, labelled: BeetsHome, add: Callable[..., int]
    ) -> None:
        printed = labelled.beet("genreclf-train", "--use")
        assert (printed.err, printed.exit_code) == ("", 0)
        assert "12 tracks by 6 artists, 2 genres" in printed.lines
        assert re.search(r"this model +1\.000", printed.out)
        assert "personal tags from now on" in printed.lines
        assert in_force(labelled).startswith("personal@")
        add("Attic", "New", genres=[])
        labelled.beet("genreclf", "title:New")
        assert labelled.item("New").genres == ["Attic"]

    def test_music_of_another_genre_is_unknown_to_it(
        self, labelled: BeetsHome, add: Callable[..., int]
    ) -> None:
        labelled.configure(training={"min_tracks": 3})  # on the bundled network
        labelled.beet("genreclf-train", "--use")
        add("Attic", "New", genres=[])
        path = labelled.item("New").filepath
        write_audio(path, noise(4.0, seed=3))
        media_file = MediaFile(path)
        media_file.update({"title": "New"})
        media_file.save()
        labelled.beet("update", "title:New")
        printed = labelled.beet("genreclf", "title:New")
        assert "abstained: unknown: no music that the model names" in printed.out

    def test_nothing_in_library_and_files_changes(self, labelled: BeetsHome) -> None:
        before = labelled.dump(), labelled.files()
        labelled.beet("genreclf-train", "--use")
        assert (labelled.dump(), labelled.files()) == before

    def test_the_card_of_the_new_model_is_shown(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train", "--name", "my genres", "title::.")
        printed = labelled.beet("genreclf-models", "my genres")
        assert "Attic (6), Cellar (6)" in printed.out
        card = genre_model.GenreClassifier.load(model_folder() / "my genres.onnx").card
        assert card.training["command"] == (
            "beet genreclf-train --min-tracks 3 --parent PARENT --name 'my genres' QUERY"
        )

    def test_a_second_training_listens_to_what_is_new_only(
        self,
        labelled: BeetsHome,
        add: Callable[..., int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        heard: list[str] = []
        genuine = genre_model.IsolatedClassifier.score_file

        def listen(classifier: genre_model.IsolatedClassifier, path: Path) -> object:
            heard.append(path.stem)
            return genuine(classifier, path)

        monkeypatch.setattr(genre_model.IsolatedClassifier, "score_file", listen)
        add("Attic", "New")
        labelled.beet("genreclf-train", "--use")
        assert heard == ["New"]

    def test_a_pretended_training_keeps_nothing(self, labelled: BeetsHome) -> None:
        printed = labelled.beet("genreclf-train", "--pretend", "--use")
        assert "this model" in printed.out
        assert printed.lines[-1] == "pretending: personal would tag from now on"
        printed = labelled.beet("genreclf-train", "--pretend")
        kept = "pretending: personal would be kept, but not tag from now on"
        assert printed.lines[-1] == kept
        assert not out_of_fold_path("any").parent.exists()
        printed = labelled.beet("genreclf-train", "--pretend", "--quiet", "--use")
        assert printed.lines == [
            "12 tracks, 2 genres: accuracy 1.000 in cross-validation",
            "pretending: personal would tag from now on",
        ]
        assert not list(model_folder().glob("*.onnx"))
        assert in_force(labelled).startswith(genre_model.DEFAULT_MODEL)

    def test_a_new_model_is_offered_not_put_in_force(self, labelled: BeetsHome) -> None:
        printed = labelled.beet("genreclf-train")
        assert printed.lines[-1] == "To tag with it: beet genreclf-models --use personal"
        assert in_force(labelled).startswith(genre_model.DEFAULT_MODEL)
        labelled.beet("genreclf-models", "--use", "personal")
        assert in_force(labelled).startswith("personal@")

    def test_one_that_is_in_force_is_replaced(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train", "--use")
        before = (model_folder() / "personal.onnx").read_bytes()
        printed = labelled.beet("genreclf-train", "--seed", "1", "--replace")
        assert "personal tags from now on" in printed.lines
        assert (model_folder() / "personal.onnx").read_bytes() != before

    @pytest.mark.parametrize("configured", [None, "personal", "genreclf/personal.onnx"])
    def test_one_that_was_in_force_before_its_file_was_lost(
        self, labelled: BeetsHome, configured: str | None
    ) -> None:
        if configured is None:
            labelled.beet("version")
            choose_model("personal")
        labelled.configure(model=configured)
        printed = labelled.beet("genreclf-train")
        assert (printed.err, printed.exit_code) == ("", 0)
        assert "To tag with" not in printed.out
        assert "personal tags from now on" in printed.lines
        assert in_force(labelled).startswith("personal@")

    def test_a_configuration_of_its_own_has_models_of_its_own(
        self, labelled: BeetsHome
    ) -> None:
        labelled.beet("genreclf-train", "--name", "old", "--use")
        other = labelled.folder / "elsewhere" / "other.yaml"
        other.parent.mkdir()
        other.write_text("{}")
        labelled.beet("-c", str(other), "genreclf-train", "--use")

        assert (other.parent / "other.genreclf" / "personal.onnx").exists()
        assert in_force(labelled).startswith("old@")
        assert "personal" not in labelled.beet("genreclf-models").out
        listed = labelled.beet("-c", str(other), "genreclf-models").out
        assert "* personal@" in listed
        assert "  old@" in listed

    def test_the_choice_of_another_configuration_stays(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train", "--use")
        before = in_force(labelled)
        other = labelled.folder / "other.yaml"
        other.write_text("{}")
        printed = labelled.beet("-c", str(other), "genreclf-train", "--seed", "1")
        use = f"beet -c {other} genreclf-models --use personal"
        assert printed.lines[-1] == f"To tag with it: {use}"
        assert f"* {before}" in labelled.beet("-c", str(other), "genreclf-models").out
        labelled.beet("-c", str(other), "genreclf-models", "--use", "personal")
        assert f"* {before}" not in labelled.beet("-c", str(other), "genreclf-models").out
        labelled.beet("-c", str(other), "genreclf-models", "--remove", "personal")
        assert in_force(labelled) == before

    def test_an_included_file_is_none_of_its_own(self, labelled: BeetsHome) -> None:
        (labelled.folder / "more.yaml").write_text("{}")
        labelled.settings["include"] = ["more.yaml"]
        labelled.beet("genreclf-train", "--use")
        assert not (labelled.folder / "more.genreclf").exists()
        assert in_force(labelled).startswith("personal@")

    def test_a_model_of_another_configuration_is_not_removed(
        self, labelled: BeetsHome
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        before = in_force(labelled)
        other = labelled.folder / "other.yaml"
        other.write_text("{}")
        printed = labelled.beet("-c", str(other), "genreclf-models", "--remove", "personal")
        assert printed.exit_code == 1
        assert "belongs to your usual configuration: remove it without -c" in printed.err
        assert in_force(labelled) == before

    def test_the_usual_configuration_may_be_named(self, labelled: BeetsHome) -> None:
        usual = str(labelled.folder / "config.yaml")
        labelled.beet("-c", usual, "genreclf-train", "--use")
        assert in_force(labelled).startswith("personal@")

    def test_a_model_of_the_same_name_elsewhere_stays(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train")
        before = (model_folder() / "personal.onnx").read_bytes()
        other = labelled.folder / "other.yaml"
        other.write_text("{}")
        labelled.beet("-c", str(other), "genreclf-train", "--seed", "1")
        labelled.beet("version")
        assert (model_folder() / "personal.onnx").read_bytes() == before

    def test_the_configured_model_has_the_last_word(self, labelled: BeetsHome) -> None:
        labelled.configure(model=genre_model.DEFAULT_MODEL)
        printed = labelled.beet("genreclf-train", "--use")
        assert "set model: personal there" in printed.err
        assert printed.exit_code == 1
        assert in_force(labelled).startswith(genre_model.DEFAULT_MODEL)

    def test_options_that_name_labels_of_another_model_are_one_warning_each(
        self, labelled: BeetsHome
    ) -> None:
        labelled.configure(label_map={"hip hop": "Rap"}, ignore=["Disco"])
        labelled.beet("genreclf-train", "--use")
        printed = labelled.beet("genreclf", "-p", "-f")
        assert printed.exit_code == 0
        of_map, of_ignore = printed.err.splitlines()
        assert of_map.startswith("genreclf: option label_map: the model personal@")
        assert " has no label hip hop; it has " in of_map
        assert " has no label disco; it has " in of_ignore
        labelled.configure(label_map={"hip hpo": "Rap"})
        printed = labelled.beet("genreclf", "-p", "-f")
        assert (printed.out, printed.exit_code) == ("", 1)
        assert "has no label hip hpo; it has " in printed.err


class TestWhatTrains:
    def test_never_what_genreclf_wrote(
        self, home: BeetsHome, add: Callable[..., int]
    ) -> None:
        parent = write_small_model(home.folder / "parent.onnx")
        home.configure(
            training={"parent": str(parent), "min_tracks": 3},
            model=str(parent),
            min_confidence=0,
            label_map={"low": "Cellar", "high": "Attic"},
        )
        own, ours = set[int](), set[int]()
        for sound in HZ:
            for number in range(2 * N_EACH):
                title = f"{sound} {number}"
                is_ours = number % 2 == 1
                item_id = add(sound, title, genres=[] if is_ours else [sound])
                (ours if is_ours else own).add(item_id)
        home.beet("genreclf")
        # The same genres as the person's, and in the files too.
        assert {item.genres[0] for item in home.items()} == set(HZ)
        home.configure(model=None, label_map={})

        printed = home.beet("genreclf-train", "--use")

        trained = read_out_of_fold(home.library(), in_force(home))
        assert set(trained) == own
        assert not set(trained) & ours
        assert "left out: 12 tracks have a genre that genreclf wrote" in printed.lines

    def test_nor_what_beets_spreads_when_it_updates_an_album(
        self, labelled: BeetsHome, add: Callable[..., int]
    ) -> None:
        parent = labelled.settings["genreclf"]["training"]["parent"]
        names = {"low": "Cellar", "high": "Attic"}
        labelled.configure(model=parent, min_confidence=0, label_map=names, source="track")
        album = {"album": "Ours", "albumartist": "Ann", "genres": []}
        ids = [add("Cellar", "Ours 0", **album)]
        ids += [add("Attic", f"Ours {n}", **album) for n in (1, 2, 3)]
        library = labelled.library()
        library.add_album(list(library.items("title:Ours")))
        # One is never heard, and has no genre to begin with.
        labelled.beet("genreclf", "title:Ours", "^title:Ours 3")
        media_file = MediaFile(labelled.music / "Ours 0.mp3")
        media_file.year = 1999
        media_file.save()
        os.utime(labelled.music / "Ours 0.mp3", (2e9, 2e9))  # beets counts seconds
        labelled.beet("update", "-M", "title:Ours 0")
        assert [item.genres for item in labelled.items("title:Ours")] == [["Cellar"]] * 4
        labelled.configure(model=None, label_map={})

        printed = labelled.beet("genreclf-train", "--use")

        assert "left out: 4 tracks have a genre that genreclf wrote" in printed.lines
        trained = read_out_of_fold(labelled.library(), in_force(labelled))
        assert len(trained) == 12
        assert not set(trained) & set(ids)

    @pytest.mark.parametrize(
        "genres", [["Cellar", "Live"], ["CELLAR"], ["Live", "cel-lar"]]
    )
    def test_nor_ours_among_others_or_in_another_spelling(
        self, labelled: BeetsHome, genres: list[str]
    ) -> None:
        item = labelled.items("title::Cellar")[0]
        item["genreclf_genres"] = "Cellar"
        item.genres = genres
        item.store()
        labelled.beet("genreclf-train", "--use")
        trained = read_out_of_fold(labelled.library(), in_force(labelled))
        assert len(trained) == 11
        assert item.id not in trained

    def test_a_persons_own_genre_on_an_album_with_one_of_ours(
        self, labelled: BeetsHome
    ) -> None:
        library = labelled.library()
        items = list(library.items("title::Cellar.[01]"))
        library.add_album(items)
        items[0]["genreclf_genres"] = "Cellar"
        items[0].store()
        # The file of the other holds it, and we never heard that.
        printed = labelled.beet("genreclf-train", "--use")
        assert "left out: 1 track has a genre that genreclf wrote" in printed.lines

    @pytest.mark.parametrize("field", ["genreclf_genres", "genreclf_scores"])
    def test_nor_a_field_of_ours(self, labelled: BeetsHome, field: str) -> None:
        printed = labelled.beet("genreclf-train", "--label-field", field)
        assert (
            printed.err == f"error: genreclf: {field} is written by genreclf, not by you\n"
        )

    def test_what_the_query_matches(self, labelled: BeetsHome) -> None:
        printed = labelled.beet(
            "genreclf-train", "artist:'band 0'", ",", "artist::band.[12]"
        )
        assert printed.exit_code == 0
        printed = labelled.beet("genreclf-train", "artist:Cellar")
        (line,) = printed.err.splitlines()
        assert "only Cellar is left" in line

    def test_labels_of_a_flexible_field(
        self, labelled: BeetsHome, add: Callable[..., int]
    ) -> None:
        for item in labelled.items():
            item["mood"] = "calm; low" if "Cellar" in item.title else " bright"
            item.store()
        add("Attic", "Moodless")
        printed = labelled.beet("genreclf-train", "--label-field", "mood")
        assert "left out: 1 track has nothing in mood" in printed.lines
        model = genre_model.GenreClassifier.load(model_folder() / "personal.onnx")
        assert set(model.genres) == {"calm", "bright"}
        labelled.beet(
            "genreclf-train", "--label-field", "mood", "--labels", "all", "--replace"
        )
        model = genre_model.GenreClassifier.load(model_folder() / "personal.onnx")
        assert set(model.genres) == {"calm", "low", "bright"}
        assert model.multi_label

    def test_various_artists_are_told_by_their_tracks(
        self, home: BeetsHome, add: Callable[..., int]
    ) -> None:
        parent = write_small_model(home.folder / "parent.onnx")
        home.configure(training={"parent": str(parent), "min_tracks": 3})
        various = {"albumartist": "Various Artists", "album": "Sampler", "comp": True}
        for sound in HZ:
            for number in range(N_EACH):
                add(sound, f"{sound} {number}", artist=f"band {sound} {number}", **various)
        printed = home.beet("genreclf-train", "--use")
        assert printed.exit_code == 0
        assert "12 tracks by 12 artists, 2 genres" in printed.lines

    def test_labels_are_cleaned_up_as_configured(
        self, labelled: BeetsHome, add: Callable[..., int]
    ) -> None:
        labelled.settings["genreclf"]["training"]["label_map"] = {
            "loft": "Attic",
            "Unknown": [],
        }
        add("Attic", "Loft", genres=["Loft"])
        add("Attic", "Small", genres=["ATTIC"])
        add("Attic", "Odd", genres=["Unknown"])
        add("Attic", "Rare", genres=["Polka"])
        printed = labelled.beet("genreclf-train", "--use")
        assert "  ATTIC counted as Attic" in printed.lines
        assert "  left out, fewer than 3 tracks: Polka 1" in printed.lines
        assert "1 tracks have no label, or one that is mapped to nothing" in printed.out
        card = genre_model.GenreClassifier.load(model_folder() / "personal.onnx").card
        assert card.training["labels"] == {"Attic": 8, "Cellar": 6}


class TestReplace:
    def spoil(self, home: BeetsHome) -> None:
        """Mix the labels up, so that no model can be good."""
        for number, item in enumerate(home.items()):
            item.genres = [list(HZ)[number % 2]]
            item.store()

    def test_a_better_model_stays_unless_told(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train", "--use")
        good = (model_folder() / "personal.onnx").read_bytes()
        before = in_force(labelled)
        self.spoil(labelled)

        printed = labelled.beet("genreclf-train", "--use")

        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf-train: ")
        assert "1.000" in line
        assert "--replace" in line
        assert printed.exit_code == 1
        assert (model_folder() / "personal.onnx").read_bytes() == good
        assert in_force(labelled) == before
        assert len(read_out_of_fold(labelled.library(), before)) == 12

        labelled.beet("genreclf-train", "--replace", "--use")
        assert (model_folder() / "personal.onnx").read_bytes() != good
        assert not out_of_fold_path(before).exists()

    def test_both_can_be_kept(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train", "--use")
        self.spoil(labelled)
        assert labelled.beet("genreclf-train", "--name", "other").exit_code == 0
        names = sorted(path.stem for path in model_folder().glob("*.onnx"))
        assert names == ["other", "personal"]

    def test_a_model_that_is_no_better_than_guessing_is_not_put_in_force(
        self, labelled: BeetsHome
    ) -> None:
        self.spoil(labelled)
        printed = labelled.beet("genreclf-train", "--use")
        assert printed.exit_code == 1
        assert "no better than 'majority' in the table" in printed.err
        assert (model_folder() / "personal.onnx").exists()
        assert in_force(labelled).startswith(genre_model.DEFAULT_MODEL)

    def test_nor_does_it_take_the_place_of_the_one_in_force(
        self, labelled: BeetsHome
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        # An older model that was never scored is not better.
        path = model_folder() / "personal.onnx"
        card = replace(genre_model.GenreClassifier.load(path).card, metrics={})
        write_model(path, path.read_bytes(), card)
        unscored = path.read_bytes()
        self.spoil(labelled)

        printed = labelled.beet("genreclf-train", "--use")

        (line,) = printed.err.splitlines()
        assert "was never scored as personal models are" in line
        assert path.read_bytes() == unscored
        printed = labelled.beet("genreclf-train", "--replace", "--use")
        assert "personal tags from now on" in printed.lines


class TestTrouble:
    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (["--min-tracks", "50"], "no label is left"),
            (["--min-tracks", "0"], "min_tracks: must be 1 or more"),
            (["--labels", "some"], "labels: must be first or all"),
            (["--genre-balance", "2"], "genre_balance: must be between 0 and 1"),
            (["--folds", "1"], "folds: must be 2 or more"),
            (["--name", "../evil"], "cannot be the name of a model"),
            (["--name", "genre_crnn_v1"], "comes with genreclf"),
            (["--parent", "none"], "no model 'none'"),
            (["--seed", "-1"], "seed: must be a whole number from 0 on, not -1"),
        ],
    )
    def test_is_one_line_and_the_old_model_stays(
        self, labelled: BeetsHome, flags: list[str], said: str
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        before = in_force(labelled)
        printed = labelled.beet("genreclf-train", *flags)
        (line,) = printed.err.splitlines()
        assert said in line
        assert printed.exit_code == 1
        assert in_force(labelled) == before

    def test_a_misspelt_option(self, labelled: BeetsHome) -> None:
        labelled.settings["genreclf"]["training"]["min_track"] = 3
        (line,) = labelled.beet("genreclf-train", "--use").err.splitlines()
        assert "no option 'min_track'; did you mean min_tracks?" in line

    def test_a_section_without_a_line(self, labelled: BeetsHome) -> None:
        parent = labelled.settings["genreclf"]["training"]["parent"]
        labelled.configure(training=None)
        flags = ["--min-tracks", "3", "--parent", parent]
        assert labelled.beet("genreclf-train", *flags).exit_code == 0

    def test_nothing_matches(self, labelled: BeetsHome) -> None:
        printed = labelled.beet("genreclf-train", "title:nothing")
        assert printed.err == "genreclf: no track matches title:nothing\n"
        assert printed.exit_code == 0

    def test_unreadable_files_are_named_and_left_out(
        self, labelled: BeetsHome, add: Callable[..., int]
    ) -> None:
        add("Attic", "{broken}")
        (labelled.music / "{broken}.mp3").write_bytes(b"no audio")
        printed = labelled.beet("genreclf-train", "--use")
        assert "{broken}.mp3" in printed.err
        assert "1 tracks could not be listened to" in printed.out
        assert printed.exit_code == 0
        assert in_force(labelled).startswith("personal@")

    def test_a_full_disk_leaves_the_old_model(
        self, labelled: BeetsHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        before = in_force(labelled)

        genuine = genre_model.write_atomically

        def full(path: Path, _content: bytes) -> None:
            if path.suffix != ".onnx":
                genuine(path, _content)
            else:
                raise OSError(28, "No space left on device", str(path))

        with monkeypatch.context() as patch:
            patch.setitem(vars(genre_model), "write_atomically", full)
            printed = labelled.beet("genreclf-train", "--seed", "1", "--replace")
        (line,) = printed.err.splitlines()
        assert "No space left on device" in line
        assert printed.exit_code == 1
        assert in_force(labelled) == before
        assert len(read_out_of_fold(labelled.library(), before)) == 12

    def test_a_damaged_out_of_fold_file_says_nothing(self, labelled: BeetsHome) -> None:
        labelled.beet("genreclf-train", "--use")
        path = out_of_fold_path(in_force(labelled))
        content = json.loads(path.read_text("utf-8"))
        for damaged in (
            json.dumps(content | {"model": "other@1"}),
            "{",
            "[]",
            '{"tracks": {"1": {"length": 1, "scores": {"a": "x"}}}}',
        ):
            path.write_text(damaged, "utf-8")
            assert read_out_of_fold(labelled.library(), content["model"]) == {}


def test_what_was_said_before_belongs_to_a_recording_not_to_a_number(
    labelled: BeetsHome, add: Callable[..., int]
) -> None:
    labelled.beet("genreclf-train", "--use")
    model_id = in_force(labelled)
    last = max(labelled.items(), key=lambda item: item.id or 0)
    last.remove()
    new = add("Attic", "Brand new", genres=["Cellar"])
    assert new == last.id, "the number is used again"
    trained = read_out_of_fold(labelled.library(), model_id)
    assert new not in trained
    # And what has another number by now is still known by its path.
    moved = labelled.items("title::Cellar")[0]
    path = moved.path
    moved.remove()
    again = labelled.library().add(Item.from_path(path))
    assert again in read_out_of_fold(labelled.library(), model_id)
    printed = labelled.beet("genreclf", "--check")
    assert "may have been trained on some of these tracks (11 are known)" in printed.err


@pytest.mark.usefixtures("default_signals")
def test_a_late_interrupt_leaves_everything_as_it_was(
    labelled: BeetsHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = genre_model.PersonalTraining.run

    def run(training: Any, *args: Any) -> object:
        model = genuine(training, *args)
        signal.raise_signal(signal.SIGINT)
        return model

    monkeypatch.setattr(genre_model.PersonalTraining, "run", run)
    printed = labelled.beet("genreclf-train", "--use")
    assert printed.lines[-1] == "interrupted: nothing has changed"
    assert printed.exit_code == 130
    assert not list(model_folder().glob("*.onnx"))


def test_a_folder_that_cannot_be_written_is_noticed_before_listening(
    labelled: BeetsHome,
) -> None:
    (labelled.folder / "genreclf").write_text("no folder")
    printed = labelled.beet("genreclf-train", "--use")
    (line,) = printed.err.splitlines()
    assert str(labelled.folder / "genreclf") in line
    assert (printed.out, printed.exit_code) == ("", 1)


def test_labels_are_written_as_the_person_spells_them(
    labelled: BeetsHome, add: Callable[..., int]
) -> None:
    for item in labelled.items():
        item.genres = [item.genres[0].lower()]
        item.store()
    labelled.beet("genreclf-train", "--use")
    add("Attic", "New", genres=[])
    labelled.beet("genreclf", "title:New")
    assert labelled.item("New").genres == ["attic"]


def test_mislabelled_tracks_of_the_training_set_are_found(
    labelled: BeetsHome, add: Callable[..., int]
) -> None:
    """The recipe: train, check, correct, train again, update."""
    add("Cellar", "Wrong", genres=["Attic"])
    labelled.beet("genreclf-train", "--use")
    model = genre_model.GenreClassifier.load(model_folder() / "personal.onnx")

    printed = labelled.beet("genreclf", "--check")

    doubts = printed.lines[:-1]
    assert doubts[0].startswith("Wrong - Wrong: Attic ")
    assert "13 judged by what was said before training" in printed.lines[-1]
    labelled.beet("modify", "-y", "-M", "title:Wrong", "genres=Cellar")
    assert labelled.beet("genreclf-train", "--use").exit_code == 0
    assert in_force(labelled) != model.model_id
    assert not [
        line for line in labelled.beet("genreclf", "--check").lines if "Wrong" in line
    ]


def test_what_made_the_score_leaky_is_said_again(labelled: BeetsHome) -> None:
    for item in labelled.items():
        item.artist = item.albumartist = ""
        item.store()
    printed = labelled.beet("genreclf-train", "--use")
    assert "12 tracks, 2 genres" in printed.lines, "nothing of 0 artists"
    assert "LEAKY: the artist of 12 tracks is not known" in printed.out
    printed = labelled.beet("genreclf-eval")
    assert "LEAKY: in its training, the artist of 12 tracks is not known" in printed.out
    assert "12 of these tracks trained the model" in printed.out
