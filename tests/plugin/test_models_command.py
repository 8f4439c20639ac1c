"""``beet genreclf-models`` with the bundled model and models of the person's own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item
from onnx_models import write_small_model
from plugin.conftest import models_complaint as complaint

import genre_model
from beetsplug.genreclf.models.active import choose_model
from genre_model.model.model_file import read_model
from genre_model.model.source import DEFAULT_MODEL

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

    from genre_model import IsolatedClassifier, TrackPrediction

BUNDLED = Path(genre_model.__file__).parent / "models" / f"{DEFAULT_MODEL}.onnx"


@pytest.fixture
def models(home: BeetsHome) -> Path:
    """Where a person puts models."""
    folder = home.folder / "genreclf"
    folder.mkdir()
    return folder


@pytest.fixture
def small(models: Path) -> Path:
    """A model of the person's own, whose card has another name than its file."""
    return write_small_model(models / "mine.onnx")


def headings(lines: list[str]) -> list[str]:
    """Return the lines that name a model, less the hash of its content."""
    return [line.split("@")[0] for line in lines if "@" in line]


def model_of_next_run(home: BeetsHome) -> str:
    """Tag a track; return the name of the model that listened, as its card says it."""
    path = write_audio(home.music / "Song.wav", music(4))
    item_id = home.library().add(Item.from_path(path))
    printed = home.beet("genreclf", "-c", "0", f"id:{item_id}")
    assert (printed.err, printed.exit_code) == ("", 0)
    (item,) = home.items(f"id:{item_id}")
    return str(item["genreclf_model"]).split("@")[0]


class TestList:
    def test_what_is_bundled(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"* {DEFAULT_MODEL}"]
        assert "  genres: blues, classical, country" in printed.out
        assert "accuracy 0." in printed.out
        assert (printed.err, printed.exit_code) == ("", 0)

    @pytest.mark.parametrize(
        ("source", "listed"),
        [(None, "mine: small"), (BUNDLED, f"mine: {DEFAULT_MODEL}")],
    )
    def test_own_models_by_the_name_that_chooses_them(
        self, home: BeetsHome, small: Path, source: Path | None, listed: str
    ) -> None:
        if source is not None:
            shutil.copy(source, small)
        lines = headings(home.beet("genreclf-models").lines)
        assert lines == [f"* {DEFAULT_MODEL}", f"  {listed}"]
        home.beet("genreclf-models", "--use", "mine")
        lines = headings(home.beet("genreclf-models").lines)
        assert lines == [f"  {DEFAULT_MODEL}", f"* {listed}"]

    def test_a_configured_file_somewhere_else(self, home: BeetsHome) -> None:
        write_small_model(home.folder / "elsewhere.onnx")
        home.configure(model="elsewhere.onnx")
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"  {DEFAULT_MODEL}", "* small"]

    def test_a_damaged_file_does_not_hide_the_others(
        self, home: BeetsHome, small: Path
    ) -> None:
        damaged = small.with_name("{damaged}.onnx")
        damaged.write_bytes(BUNDLED.read_bytes()[:1000])
        printed = home.beet("genreclf-models")
        assert headings(printed.lines) == [f"* {DEFAULT_MODEL}", "  mine: small"]
        (warning,) = printed.err.splitlines()
        assert warning.startswith(f"genreclf: model file {damaged}: ")
        assert printed.exit_code == 0


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "heading", "said"),
    [
        (DEFAULT_MODEL, DEFAULT_MODEL, ["  trained with: recipe ", "  licence: "]),
        ("mine", "small", ["  genres: low, high"]),
        ("elsewhere.onnx", "small", ["  genres: low, high"]),
    ],
)
def test_the_card_of_a_model_is_shown(
    home: BeetsHome,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    heading: str,
    said: list[str],
) -> None:
    monkeypatch.chdir(home.folder)
    write_small_model(home.folder / "elsewhere.onnx")
    printed = home.beet("genreclf-models", name)
    assert headings(printed.lines[:1]) == [heading]
    assert all(each in printed.out for each in said)


class TestUse:
    @pytest.mark.usefixtures("small")
    def test_is_remembered(self, home: BeetsHome) -> None:
        assert model_of_next_run(home) == DEFAULT_MODEL
        printed = home.beet("genreclf-models", "--use", "mine")
        assert printed.lines[0].startswith("mine (small@")
        assert printed.lines[0].endswith(" tags from now on")
        assert model_of_next_run(home) == "small"
        # And taken back.
        home.beet("genreclf-models", "--use", DEFAULT_MODEL)
        assert model_of_next_run(home) == DEFAULT_MODEL

    @pytest.mark.usefixtures("small")
    def test_a_flag_has_the_last_word(self, home: BeetsHome) -> None:
        home.beet("genreclf-models", "--use", "mine")
        path = write_audio(home.music / "Song.wav", music(4))
        home.library().add(Item.from_path(path))
        home.beet("genreclf", "-c", "0", "--model", DEFAULT_MODEL)
        assert home.items()[0]["genreclf_model"].startswith(f"{DEFAULT_MODEL}@")

    @pytest.mark.usefixtures("small")
    def test_contradicts_a_configured_model(self, home: BeetsHome) -> None:
        home.configure(model=DEFAULT_MODEL)

        printed = home.beet("genreclf-models", "--use", "mine")

        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf-models: the configuration says")
        assert DEFAULT_MODEL in line
        assert printed.exit_code == 1
        home.configure(model=None)
        assert model_of_next_run(home) == DEFAULT_MODEL

    @pytest.mark.usefixtures("small")
    def test_does_not_disturb_a_run_that_is_under_way(
        self, home: BeetsHome, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hear = genre_model.IsolatedClassifier.predict_file

        def hear_long(classifier: IsolatedClassifier, path: Path) -> TrackPrediction:
            choose_model("mine")
            return hear(classifier, path)

        monkeypatch.setattr(genre_model.IsolatedClassifier, "predict_file", hear_long)
        assert model_of_next_run(home) == DEFAULT_MODEL
        assert model_of_next_run(home) == "small"

    def test_takes_names_only(self, home: BeetsHome) -> None:
        path = write_small_model(home.folder / "elsewhere.onnx")
        printed = home.beet("genreclf-models", "--use", str(path))
        (line,) = printed.err.splitlines()
        assert str(path) in line
        assert "genreclf.model" in line
        assert printed.exit_code == 1


class TestRemove:
    def test_leaves_nothing_of_a_model(self, home: BeetsHome, small: Path) -> None:
        model_id = read_model(small).model_id
        out_of_fold = small.parent / "out-of-fold" / f"{model_id}.json"
        out_of_fold.parent.mkdir()
        out_of_fold.write_text("{}")
        other = out_of_fold.with_name("small@00000000.json")
        other.write_text("{}")

        printed = home.beet("genreclf-models", "--remove", "mine")

        assert printed.lines == [f"mine is removed: {model_id}"]
        assert (printed.err, printed.exit_code) == ("", 0)
        left = [path for path in small.parent.rglob("*") if path.is_file()]
        assert left == [other]

    def test_a_copy_keeps_what_belongs_to_both(self, home: BeetsHome, small: Path) -> None:
        shutil.copy(small, small.with_name("copied.onnx"))
        out_of_fold = small.parent / "out-of-fold" / f"{read_model(small).model_id}.json"
        out_of_fold.parent.mkdir()
        out_of_fold.write_text("{}")
        home.beet("genreclf-models", "--remove", "mine")
        assert out_of_fold.exists()
        home.beet("genreclf-models", "--remove", "copied")
        assert not out_of_fold.exists()

    def test_the_name_in_a_card_is_no_path(self, home: BeetsHome, models: Path) -> None:
        """A friend's model may call itself anything."""
        path = write_small_model(models / "theirs.onnx", name="../../precious")
        precious = models / "out-of-fold" / f"{read_model(path).model_id}.json"
        (models / "out-of-fold").mkdir()
        precious.resolve().write_text("{}")
        assert home.beet("genreclf-models", "--remove", "theirs").exit_code == 0
        assert precious.resolve().exists()

    @pytest.mark.usefixtures("small")
    def test_the_chosen_one_makes_way_for_the_default(self, home: BeetsHome) -> None:
        home.beet("genreclf-models", "--use", "mine")
        printed = home.beet("genreclf-models", "--remove", "mine")
        assert printed.lines[1:] == [
            f"It was the chosen model; the choice falls back to {read_model().model_id}",
            "To re-tag what other models tagged: beet genreclf --update",
        ]
        assert (printed.err, printed.exit_code) == ("", 0)
        assert model_of_next_run(home) == DEFAULT_MODEL

    @pytest.mark.parametrize("model", ["mine", "genreclf/mine.onnx"])
    def test_not_the_configured_one(self, home: BeetsHome, small: Path, model: str) -> None:
        home.configure(model=model)
        text = complaint(home.beet("genreclf-models", "--remove", "mine"))
        assert text.startswith("the configuration says model: ")
        assert "name another model there, or remove the line" in text
        assert small.exists()

    def test_a_damaged_one(self, home: BeetsHome, models: Path) -> None:
        (models / "damaged.onnx").write_text("no model")
        printed = home.beet("genreclf-models", "--remove", "damaged")
        assert printed.lines == ["damaged is removed"]
        assert (printed.err, printed.exit_code) == ("", 0)
        assert not list(models.iterdir())

    def test_not_a_bundled_one(self, home: BeetsHome) -> None:
        text = complaint(home.beet("genreclf-models", "--remove", DEFAULT_MODEL))
        assert text == f"{DEFAULT_MODEL} comes with genreclf and cannot be removed"
        assert BUNDLED.exists()

    @pytest.mark.usefixtures("small")
    @pytest.mark.parametrize("name", ["other", "../precious", "precious.onnx", "x" * 300])
    def test_what_is_no_own_model(
        self, home: BeetsHome, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.chdir(home.folder)
        precious = write_small_model(home.folder / "precious.onnx")
        printed = home.beet("genreclf-models", "--remove", name)
        text = complaint(printed)
        assert text.startswith(f"no model {name!r} of your own; there is mine in ")
        assert precious.exists()

    def test_one_that_cannot_be_deleted_stays_as_it_was(
        self, home: BeetsHome, models: Path
    ) -> None:
        (models / "folder.onnx").mkdir()
        printed = home.beet("genreclf-models", "--remove", "folder")
        assert complaint(printed).startswith(f"{models / 'folder.onnx'}: ")


class TestExport:
    @pytest.mark.parametrize("to", ["friend.onnx", ""])
    def test_to_a_file_or_into_a_folder(
        self, home: BeetsHome, small: Path, to: str
    ) -> None:
        printed = home.beet("genreclf-models", "--export", "mine", str(home.inbox / to))

        path = home.inbox / (to or "mine.onnx")
        (line,) = printed.lines
        assert line.startswith(f"mine ({read_model(small).model_id}) is in {path}; ")
        assert line.endswith("labels, counts and scores, but no paths or titles")
        assert (printed.err, printed.exit_code) == ("", 0)
        assert path.read_bytes() == small.read_bytes()
        assert list(home.inbox.iterdir()) == [path]

    def test_a_bundled_model(self, home: BeetsHome) -> None:
        home.beet("genreclf-models", "--export", DEFAULT_MODEL, str(home.inbox))
        copy = home.inbox / f"{DEFAULT_MODEL}.onnx"
        assert copy.read_bytes() == BUNDLED.read_bytes()

    @pytest.mark.usefixtures("small")
    def test_overwrites_nothing(self, home: BeetsHome) -> None:
        path = home.inbox / "mine.onnx"
        for to in (path, home.inbox):
            path.write_text("precious")
            printed = home.beet("genreclf-models", "--export", "mine", str(to))
            assert complaint(printed) == f"{path} exists, and is not overwritten"
            assert path.read_text() == "precious"

    @pytest.mark.usefixtures("small")
    @pytest.mark.parametrize(
        ("to", "expected"),
        [
            ("mine.model", "mine.model: must end in .onnx, or be a folder"),
            ("gone/mine.onnx", "gone: there is no such folder"),
            ("x" * 300 + ".onnx", f"{'x' * 300}.onnx: File name too long"),
        ],
    )
    def test_to_where_it_cannot_be(self, home: BeetsHome, to: str, expected: str) -> None:
        printed = home.beet("genreclf-models", "--export", "mine", str(home.inbox / to))
        assert complaint(printed) == f"{home.inbox}/{expected}"
        assert not list(home.inbox.iterdir())

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("damaged", "model file genreclf/damaged.onnx: "),
            ("elsewhere.onnx", "elsewhere.onnx is a file already: copy that"),
        ],
    )
    def test_not_what_is_damaged_or_a_file_already(
        self, home: BeetsHome, models: Path, name: str, expected: str
    ) -> None:
        (models / "damaged.onnx").write_text("no model")
        write_small_model(home.folder / "elsewhere.onnx")
        name = name if name == "damaged" else str(home.folder / name)
        printed = home.beet("genreclf-models", "--export", name, str(home.inbox))
        text = complaint(printed).replace(f"{home.folder}/", "")
        assert text.startswith(expected)
        assert not list(home.inbox.iterdir())


class TestTrouble:
    @pytest.mark.parametrize("use", [[], ["--use"]])
    @pytest.mark.parametrize("name", ["missing", "damaged"])
    def test_is_one_line_that_names_the_model(
        self, home: BeetsHome, models: Path, name: str, use: list[str]
    ) -> None:
        (models / "damaged.onnx").write_text("{no} model\n" * 100)
        printed = home.beet("genreclf-models", *use, name)
        (line,) = printed.err.splitlines()
        assert line.startswith("error: genreclf-models: ")
        assert name in line
        assert (printed.out, printed.exit_code) == ("", 1)
        # Nothing was chosen.
        assert headings(home.beet("genreclf-models").lines) == [f"* {DEFAULT_MODEL}"]

    @pytest.mark.parametrize(
        ("args", "expected"),
        [
            *((args, "name one model, please") for args in ("--use", "one two")),
            *(
                (args, "name one model, please")
                for args in ("--remove", "--remove one two")
            ),
            ("--export one", "name a model and a file or folder, please"),
            ("--export one two three", "name a model and a file or folder, please"),
            ("--import", "name a file and, if you like, what to call its model, please"),
            ("--use --import x", "--use does not go with --import"),
            (
                "--import --export --remove x",
                "--remove does not go with --export, --import",
            ),
        ],
    )
    def test_flags_say_what_they_take(
        self, home: BeetsHome, args: str, expected: str
    ) -> None:
        assert complaint(home.beet("genreclf-models", *args.split())) == expected

    def test_a_home_that_nobody_has(self, home: BeetsHome) -> None:
        for command in (["--use"], [], ["--remove"], ["--import"]):
            assert complaint(home.beet("genreclf-models", *command, "~nobody/x.onnx"))

    @pytest.mark.parametrize("command", ["genreclf", "genreclf-models"])
    def test_a_chosen_model_that_is_gone(
        self, home: BeetsHome, small: Path, command: str
    ) -> None:
        home.add_track("Song")
        write_small_model(small.with_name("other.onnx"))
        home.beet("genreclf-models", "--use", "mine")
        small.unlink()

        printed = home.beet(command)

        (line,) = printed.err.splitlines()
        assert line.startswith(f"error: {command}: ")
        assert "no model 'mine'" in line
        # What to do, and what there is.
        assert "beet genreclf-models --use" in line
        assert DEFAULT_MODEL in line
        assert "other" in line
        assert printed.exit_code == 1
        listed = [f"  {DEFAULT_MODEL}", "  other: small"]
        assert headings(printed.lines) == (listed if command == "genreclf-models" else [])
        assert home.beet("genreclf-models", "--use", "other").exit_code == 0
        assert headings(home.beet("genreclf-models").lines)[-1] == "* other: small"

    def test_a_chosen_model_that_is_damaged_is_said_once(
        self, home: BeetsHome, small: Path
    ) -> None:
        home.beet("genreclf-models", "--use", "mine")
        small.write_text("no model")
        printed = home.beet("genreclf-models")
        (line,) = printed.err.splitlines()
        assert line.startswith(
            "error: genreclf-models: the model in force is not available"
        )
        assert str(small) in line
        assert (headings(printed.lines), printed.exit_code) == ([f"  {DEFAULT_MODEL}"], 1)
