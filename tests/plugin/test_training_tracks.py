"""Tracks of a library in a training: their labels, and their out-of-fold predictions."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from beets.library import Item
from mediafile import MediaFile
from plugin.conftest import HZ, in_force

import genre_model
from beetsplug.genreclf.models.active import model_folder, out_of_fold_path
from beetsplug.genreclf.models.library_labels import labelled_files
from beetsplug.genreclf.models.out_of_fold import read_out_of_fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin.conftest import BeetsHome


def labels_of(home: BeetsHome, field: str = "genres") -> dict[str, tuple[str, ...]]:
    """Return the labels that a training would use, by the titles of tracks."""
    items = list(home.library().items())
    titles = {str(item.id): item.title for item in items}
    return {titles[file.key]: file.labels for file in labelled_files(items, field)[0]}


class TestWhatTrains:
    def test_never_what_genreclf_wrote(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        own = {item.title for item in labelled.items()}
        for number in range(6):
            for sound in HZ:
                add_tone(sound, f"{sound} without {number}", genres=[])
        parent = labelled.settings["genreclf"]["training"]["parent"]
        names = {"low": "Cellar", "high": "Attic"}
        labelled.configure(model=parent, min_confidence=0, label_map=names)
        labelled.beet("genreclf")
        # The same genres as the user's, and in the files too.
        assert {item.genres[0] for item in labelled.items()} == set(HZ)
        labelled.configure(model=None, label_map={})

        printed = labelled.beet("genreclf-train", "--use")

        assert "left out: 12 tracks have a genre that genreclf wrote" in printed.lines
        assert labels_of(labelled).keys() == own
        assert len(read_out_of_fold(labelled.library(), in_force(labelled))) == 12

    def test_nor_what_beets_spreads_when_it_updates_an_album(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        parent = labelled.settings["genreclf"]["training"]["parent"]
        names = {"low": "Cellar", "high": "Attic"}
        labelled.configure(model=parent, min_confidence=0, label_map=names, source="track")
        own = labels_of(labelled)
        for sound, number in (("Cellar", 0), ("Attic", 1), ("Attic", 2), ("Attic", 3)):
            tags = {"album": "Ours", "albumartist": "Ann", "genres": []}
            add_tone(sound, f"Ours {number}", **tags)
        library = labelled.library()
        library.add_album(list(library.items("title:Ours")))
        # One is never predicted, and has no genre to begin with.
        labelled.beet("genreclf", "title:Ours", "^title:Ours 3")
        media_file = MediaFile(labelled.music / "Ours 0.mp3")
        media_file.year = 1999
        media_file.save()
        os.utime(labelled.music / "Ours 0.mp3", (2e9, 2e9))  # beets counts seconds

        labelled.beet("update", "-M", "title:Ours 0")

        assert [item.genres for item in labelled.items("title:Ours")] == [["Cellar"]] * 4
        assert labels_of(labelled) == own

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
        assert len(labels_of(labelled)) == 11
        assert item.title not in labels_of(labelled)

    def test_a_users_own_genre_on_an_album_with_one_of_ours(
        self, labelled: BeetsHome
    ) -> None:
        library = labelled.library()
        ours, own = library.items("title::Cellar.[01]")
        library.add_album([ours, own])
        ours["genreclf_genres"] = "Cellar"
        ours.store()
        # The file holds it, and no model predicted that.
        assert labels_of(labelled)[own.title] == ("Cellar",)
        assert ours.title not in labels_of(labelled)

    @pytest.mark.parametrize("field", ["genreclf_genres", "genreclf_scores"])
    def test_nor_a_field_of_ours(self, labelled: BeetsHome, field: str) -> None:
        printed = labelled.beet("genreclf-train", "--label-field", field)
        said = f"error: genreclf: {field} is written by genreclf, not by you\n"
        assert printed.err == said

    def test_what_the_query_matches(self, labelled: BeetsHome) -> None:
        query = ("artist:'band 0'", ",", "artist::band.[12]")
        assert labelled.beet("genreclf-train", *query).exit_code == 0
        printed = labelled.beet("genreclf-train", "artist:Cellar")
        (line,) = printed.err.splitlines()
        assert "only Cellar is left" in line

    def test_labels_of_a_flexible_field(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        for item in labelled.items():
            item["mood"] = "calm; low" if "Cellar" in item.title else " bright"
            item.store()
        add_tone("Attic", "Moodless")
        for flags, expected in (
            ([], {"calm", "bright"}),
            (["--labels", "all", "--replace"], {"calm", "low", "bright"}),
        ):
            printed = labelled.beet("genreclf-train", "--label-field", "mood", *flags)
            assert "left out: 1 track has nothing in mood" in printed.lines
            model = genre_model.GenreClassifier.load(model_folder() / "personal.onnx")
            assert set(model.genres) == expected
            assert model.multi_label == (len(expected) == 3)

    def test_various_artists_are_told_by_their_tracks(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        tags = {"albumartist": "Various Artists", "album": "Sampler", "comp": True}
        for number in range(3):
            add_tone("Attic", f"Sampled {number}", artist=f"band {number}", **tags)
        files, _ = labelled_files(list(labelled.library().items("title:Sampled")))
        assert {file.artist for file in files} == {"band 0", "band 1", "band 2"}

    def test_labels_are_cleaned_up_as_configured(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        label_map = {"loft": "Attic", "Unknown": []}
        labelled.settings["genreclf"]["training"]["label_map"] = label_map
        for title, genre in {
            "Loft": "Loft",
            "Small": "ATTIC",
            "Odd": "Unknown",
            "Rare": "Polka",
        }.items():
            add_tone("Attic", title, genres=[genre])
        printed = labelled.beet("genreclf-train", "--use")
        assert "  ATTIC counted as Attic" in printed.lines
        assert "  left out, fewer than 3 tracks: Polka 1" in printed.lines
        assert "1 tracks have no label, or one that is mapped to nothing" in printed.out
        card = genre_model.GenreClassifier.load(model_folder() / "personal.onnx").card
        assert card.training["labels"] == {"Attic": 8, "Cellar": 6}


class TestOutOfFold:
    """Predictions for the tracks of a training, by models not trained on them."""

    def test_a_damaged_file_is_ignored(self, trained: BeetsHome) -> None:
        path = out_of_fold_path(in_force(trained))
        content = json.loads(path.read_text("utf-8"))
        assert len(read_out_of_fold(trained.library(), content["model"])) == 12
        for damaged in (
            json.dumps(content | {"model": "other@1"}),
            "{",
            "[]",
            '{"tracks": {"1": {"length": 1, "scores": {"a": "x"}}}}',
        ):
            path.write_text(damaged, "utf-8")
            assert read_out_of_fold(trained.library(), content["model"]) == {}

    def test_belongs_to_a_recording_not_to_a_number(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        model_id = in_force(labelled)
        last = max(labelled.items(), key=lambda item: item.id or 0)
        last.remove()
        new = add_tone("Attic", "Brand new", genres=["Cellar"])
        assert new == last.id, "the number is used again"
        assert new not in read_out_of_fold(labelled.library(), model_id)
        # And what has another number by now is still known by its path.
        moved = labelled.items("title::Cellar")[0]
        path = moved.path
        moved.remove()
        again = labelled.library().add(Item.from_path(path))
        assert again in read_out_of_fold(labelled.library(), model_id)
        printed = labelled.beet("genreclf", "--check")
        assert "may have been trained on some of these tracks (11 are known)" in printed.err

    def test_finds_mislabelled_tracks_of_the_training(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        """The recipe: train, check, correct, train again, update."""
        add_tone("Cellar", "Wrong", genres=["Attic"])
        labelled.beet("genreclf-train", "--use")
        before = in_force(labelled)

        printed = labelled.beet("genreclf", "--check")

        assert printed.lines[0].startswith("Wrong - Wrong: Attic ")
        assert "13 scored by what was predicted before training" in printed.lines[-1]
        labelled.beet("modify", "-y", "-M", "title:Wrong", "genres=Cellar")
        assert labelled.beet("genreclf-train", "--use").exit_code == 0
        assert in_force(labelled) != before
        assert "Wrong" not in labelled.beet("genreclf", "--check").out

    def test_what_made_the_score_leaky_is_said_again(self, labelled: BeetsHome) -> None:
        for item in labelled.items():
            item.artist = item.albumartist = ""
            item.store()
        printed = labelled.beet("genreclf-train", "--use")
        assert "12 tracks, 2 genres" in printed.lines, "nothing of 0 artists"
        assert "LEAKY: the artist of 12 tracks is not known" in printed.out
        printed = labelled.beet("genreclf-eval")
        assert "LEAKY: in its training, the artist of 12 tracks is not known" in printed.out
        assert "12 of these tracks trained the model" in printed.out
