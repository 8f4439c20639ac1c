"""``beet genreclf-train``: which model is trained, kept and put in force."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from audio_files import noise, write_audio
from mediafile import MediaFile
from plugin.conftest import HZ, in_force

import genre_model
from beetsplug.genreclf.models.active import choose_model, model_folder, out_of_fold_path
from beetsplug.genreclf.models.out_of_fold import read_out_of_fold
from genre_model.model.model_file import write_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from plugin.conftest import BeetsHome

TAGS = "personal tags from now on"


def personal() -> Path:
    return model_folder() / "personal.onnx"


def is_default(model_id: str) -> bool:
    return model_id.startswith(genre_model.DEFAULT_MODEL)


class TestTrain:
    def test_the_new_model_tags_with_the_users_genres(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        before = labelled.dump(), labelled.files()
        printed = labelled.beet("genreclf-train", "--use")
        assert (printed.err, printed.exit_code) == ("", 0)
        assert "12 tracks by 6 artists, 2 genres" in printed.lines
        assert re.search(r"this model +1\.000", printed.out)
        assert TAGS in printed.lines
        assert (labelled.dump(), labelled.files()) == before
        assert in_force(labelled).startswith("personal@")
        add_tone("Attic", "New", genres=[])
        labelled.beet("genreclf", "title:New")
        assert labelled.item("New").genres == ["Attic"]

    def test_music_of_another_genre_is_unknown_to_it(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        labelled.configure(training={"min_tracks": 3})  # on the bundled network
        labelled.beet("genreclf-train", "--use")
        add_tone("Attic", "New", genres=[])
        path = labelled.item("New").filepath
        write_audio(path, noise(4.0, seed=3))
        media_file = MediaFile(path)
        media_file.update({"title": "New"})
        media_file.save()
        labelled.beet("update", "title:New")
        printed = labelled.beet("genreclf", "title:New")
        assert "abstained: unknown: no music that the model names" in printed.out

    def test_its_card_says_how_and_it_is_offered(self, labelled: BeetsHome) -> None:
        printed = labelled.beet("genreclf-train", "--name", "my genres", "title::.")
        use = "beet genreclf-models --use 'my genres'"
        assert printed.lines[-1] == f"To tag with it: {use}"
        assert is_default(in_force(labelled))
        shown = labelled.beet("genreclf-models", "my genres").out
        assert "Attic (6), Cellar (6)" in shown
        card = genre_model.GenreClassifier.load(model_folder() / "my genres.onnx").card
        assert card.training["command"] == (
            "beet genreclf-train --min-tracks 3 --parent PARENT --name 'my genres' QUERY"
        )
        labelled.beet("genreclf-models", "--use", "my genres")
        assert in_force(labelled).startswith("genres@"), "the last word of its id"

    def test_a_second_training_predicts_new_tracks_only(
        self,
        labelled: BeetsHome,
        add_tone: Callable[..., int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        labelled.beet("genreclf-train", "--use")
        heard: list[str] = []
        genuine = genre_model.IsolatedClassifier.score_file

        def listen(classifier: genre_model.IsolatedClassifier, path: Path) -> object:
            heard.append(path.stem)
            return genuine(classifier, path)

        monkeypatch.setattr(genre_model.IsolatedClassifier, "score_file", listen)
        add_tone("Attic", "New")
        labelled.beet("genreclf-train", "--use")
        assert heard == ["New"]

    @pytest.mark.parametrize(
        ("flags", "would"),
        [(["--use"], "tag from now on"), ([], "be kept, but not tag from now on")],
    )
    def test_a_pretended_training_keeps_nothing(
        self, labelled: BeetsHome, flags: list[str], would: str
    ) -> None:
        printed = labelled.beet("genreclf-train", "--pretend", "--quiet", *flags)
        assert printed.lines == [
            "12 tracks, 2 genres: accuracy 1.000 in cross-validation",
            f"pretending: personal would {would}",
        ]
        assert not out_of_fold_path("any").parent.exists()
        assert not list(model_folder().glob("*.onnx"))
        assert is_default(in_force(labelled))

    def test_labels_are_written_as_the_user_spells_them(
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        for item in labelled.items():
            item.genres = [item.genres[0].lower()]
            item.store()
        labelled.beet("genreclf-train", "--use")
        add_tone("Attic", "New", genres=[])
        labelled.beet("genreclf", "title:New")
        assert labelled.item("New").genres == ["attic"]

    def test_options_that_name_labels_of_another_model_are_one_warning_each(
        self, trained: BeetsHome
    ) -> None:
        trained.configure(label_map={"hip hop": "Rap"}, ignore=["Disco"])
        printed = trained.beet("genreclf", "-p", "-f")
        assert printed.exit_code == 0
        of_map, of_ignore = printed.err.splitlines()
        assert of_map.startswith("genreclf: option label_map: the model personal@")
        assert " has no label hip hop; it has " in of_map
        assert " has no label disco; it has " in of_ignore
        trained.configure(label_map={"hip hpo": "Rap"})
        printed = trained.beet("genreclf", "-p", "-f")
        assert (printed.out, printed.exit_code) == ("", 1)
        assert "has no label hip hpo; it has " in printed.err


class TestModelInForce:
    def test_is_replaced(self, trained: BeetsHome) -> None:
        before = personal().read_bytes()
        printed = trained.beet("genreclf-train", "--seed", "1", "--replace")
        assert TAGS in printed.lines
        assert personal().read_bytes() != before

    @pytest.mark.parametrize("configured", [None, "personal", "genreclf/personal.onnx"])
    def test_may_have_lost_its_file(
        self, labelled: BeetsHome, configured: str | None
    ) -> None:
        if configured is None:
            labelled.beet("version")
            choose_model("personal")
        labelled.configure(model=configured)
        printed = labelled.beet("genreclf-train")
        assert (printed.err, printed.exit_code) == ("", 0)
        assert "To tag with" not in printed.out
        assert TAGS in printed.lines
        assert in_force(labelled).startswith("personal@")

    def test_is_the_configured_one(self, labelled: BeetsHome) -> None:
        labelled.configure(model=genre_model.DEFAULT_MODEL)
        printed = labelled.beet("genreclf-train", "--use")
        assert "set model: personal there" in printed.err
        assert printed.exit_code == 1
        assert is_default(in_force(labelled))


class TestOtherConfiguration:
    """A file that is given with ``beet -c``."""

    @pytest.fixture
    def other(self, tmp_path: Path) -> Path:
        path = tmp_path / "elsewhere" / "other.yaml"
        path.parent.mkdir()
        path.write_text("{}")
        return path

    def test_has_models_of_its_own(self, trained: BeetsHome, other: Path) -> None:
        before, content = in_force(trained), personal().read_bytes()
        for name in ("personal", "new"):
            flags = ["genreclf-train", "--seed", "1", "--name", name]
            printed = trained.beet("-c", str(other), *flags)
            use = f"beet -c {other} genreclf-models --use {name}"
            assert printed.lines[-1] == f"To tag with it: {use}"
            assert (other.parent / "other.genreclf" / f"{name}.onnx").exists()
        trained.beet("-c", str(other), "genreclf-models", "--use", "new")
        assert in_force(trained, "-c", str(other)).startswith("new@")
        assert in_force(trained) == before
        assert personal().read_bytes() == content
        assert "new" not in trained.beet("genreclf-models").out

    def test_may_use_those_of_the_usual_one(self, trained: BeetsHome, other: Path) -> None:
        before = in_force(trained)
        assert in_force(trained, "-c", str(other)) == before
        remove = ["genreclf-models", "--remove", "personal"]
        printed = trained.beet("-c", str(other), *remove)
        assert printed.exit_code == 1
        assert "belongs to your usual configuration: remove it without -c" in printed.err
        assert in_force(trained) == before

    def test_may_be_an_included_file_or_the_usual_one(self, trained: BeetsHome) -> None:
        before = in_force(trained)
        (trained.folder / "more.yaml").write_text("{}")
        trained.settings["include"] = ["more.yaml"]
        usual = str(trained.folder / "config.yaml")
        trained.beet("-c", usual, "genreclf-train", "--name", "new", "--use")
        assert not (trained.folder / "more.genreclf").exists()
        assert (trained.folder / "genreclf" / "new.onnx").exists()
        assert in_force(trained) != before


def spoil(home: BeetsHome) -> None:
    """Mix the labels up, so that no model can be good."""
    for number, item in enumerate(home.items()):
        item.genres = [list(HZ)[number % 2]]
        item.store()


class TestReplace:
    def test_a_better_model_stays_unless_told(self, trained: BeetsHome) -> None:
        good, before = personal().read_bytes(), in_force(trained)
        spoil(trained)

        printed = trained.beet("genreclf-train", "--use")

        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf-train: ")
        assert "1.000" in line
        assert "--replace" in line
        assert printed.exit_code == 1
        assert personal().read_bytes() == good
        assert in_force(trained) == before
        assert len(read_out_of_fold(trained.library(), before)) == 12

        assert trained.beet("genreclf-train", "--name", "other").exit_code == 0
        names = sorted(path.stem for path in model_folder().glob("*.onnx"))
        assert names == ["other", "personal"]
        trained.beet("genreclf-train", "--replace", "--use")
        assert personal().read_bytes() != good
        assert not out_of_fold_path(before).exists()

    def test_a_model_that_is_no_better_than_guessing_is_not_put_in_force(
        self, labelled: BeetsHome
    ) -> None:
        spoil(labelled)
        printed = labelled.beet("genreclf-train", "--use")
        assert printed.exit_code == 1
        assert "no better than 'majority' in the table" in printed.err
        assert personal().exists()
        assert is_default(in_force(labelled))

    def test_nor_does_it_take_the_place_of_one_that_was_never_scored(
        self, trained: BeetsHome
    ) -> None:
        card = replace(genre_model.GenreClassifier.load(personal()).card, metrics={})
        write_model(personal(), personal().read_bytes(), card)
        unscored = personal().read_bytes()
        spoil(trained)

        printed = trained.beet("genreclf-train", "--use")

        (line,) = printed.err.splitlines()
        assert "was never scored as personal models are" in line
        assert personal().read_bytes() == unscored
        assert TAGS in trained.beet("genreclf-train", "--replace", "--use").lines


class TestTrouble:
    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (["--min-tracks", "50"], "no label is left"),
            (["--min-tracks", "0"], "min_tracks: must be 1 or more"),
            (["--name", "../evil"], "cannot be the name of a model"),
            (["--name", "genre_crnn_v1"], "comes with genreclf"),
            (["--parent", "none"], "no model 'none'"),
        ],
    )
    def test_is_one_line_and_the_old_model_stays(
        self, trained: BeetsHome, flags: list[str], said: str
    ) -> None:
        before = in_force(trained)
        printed = trained.beet("genreclf-train", *flags)
        (line,) = printed.err.splitlines()
        assert said in line
        assert printed.exit_code == 1
        assert in_force(trained) == before

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
        self, labelled: BeetsHome, add_tone: Callable[..., int]
    ) -> None:
        add_tone("Attic", "{broken}")
        (labelled.music / "{broken}.mp3").write_bytes(b"no audio")
        printed = labelled.beet("genreclf-train", "--use")
        assert "{broken}.mp3" in printed.err
        assert "1 tracks could not be listened to" in printed.out
        assert printed.exit_code == 0
        assert in_force(labelled).startswith("personal@")

    def test_a_full_disk_leaves_the_old_model(
        self, trained: BeetsHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = in_force(trained)
        genuine = genre_model.write_atomically

        def full(path: Path, content: bytes) -> None:
            if path.suffix == ".onnx":
                raise OSError(28, "No space left on device", str(path))
            genuine(path, content)

        with monkeypatch.context() as patch:
            patch.setitem(vars(genre_model), "write_atomically", full)
            printed = trained.beet("genreclf-train", "--seed", "1", "--replace")
        (line,) = printed.err.splitlines()
        assert line.endswith("No space left on device; nothing has changed")
        assert printed.exit_code == 1
        assert in_force(trained) == before
        assert len(read_out_of_fold(trained.library(), before)) == 12

    def test_a_folder_that_cannot_be_written_is_noticed_before_listening(
        self, labelled: BeetsHome
    ) -> None:
        (labelled.folder / "genreclf").write_text("no folder")
        printed = labelled.beet("genreclf-train", "--use")
        (line,) = printed.err.splitlines()
        assert str(labelled.folder / "genreclf") in line
        assert (printed.out, printed.exit_code) == ("", 1)

    @pytest.mark.usefixtures("default_signals")
    def test_a_late_interrupt_leaves_everything_as_it_was(
        self, labelled: BeetsHome, monkeypatch: pytest.MonkeyPatch
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
