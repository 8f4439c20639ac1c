"""The configuration: defaults, good values, and mistakes that name the option."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import beets
import confuse
import pytest
from confuse import yaml_util

from beetsplug.genreclf.config.options import DEFAULTS, Policy, read_options

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

ALL_OPTIONS = (
    "aliases, asis, auto, count, fallback, force, ignore, keep_existing, label_map, "
    "min_confidence, min_margin, model, move, pretend, quiet, safe_write, source, threads, "
    "title_case, training"
)

#: what is configured -> what is read
POLICIES = {
    "{}": Policy(),
    "force: yes": Policy(force=True),
    "keep_existing: yes": Policy(keep_existing=True),
    "count: 3": Policy(count=3),
    "min_confidence: 0": Policy(min_confidence=0.0),
    "min_confidence: 1": Policy(min_confidence=1.0),
    "min_margin: 0.25": Policy(min_margin=0.25),
    "fallback: Other": Policy(fallback="Other"),
    "fallback: ' Hip Hop '": Policy(fallback="Hip Hop"),
    "fallback: ''": Policy(),
    "fallback:": Policy(),
    "title_case: no": Policy(title_case=False),
    "label_map:": Policy(),
    "label_map: {Hip Hop: Rap}": Policy(label_map={"hip hop": ("Rap",)}),
    "label_map: {' metal ': ' Rock '}": Policy(label_map={"metal": ("Rock",)}),
    "label_map: {disco: }": Policy(label_map={"disco": ()}),
    "label_map: {disco: []}": Policy(label_map={"disco": ()}),
    "{count: 2, label_map: {disco: [Disco, Funk]}}": Policy(
        count=2, label_map={"disco": ("Disco", "Funk")}
    ),
    "ignore:": Policy(),
    "ignore: Disco": Policy(ignore={"*": frozenset({"disco"})}),
    "ignore: [disco, ' Pop ']": Policy(ignore={"*": frozenset({"disco", "pop"})}),
    "ignore: {'*': disco}": Policy(ignore={"*": frozenset({"disco"})}),
    "ignore: {ABBA: [pop, Disco]}": Policy(ignore={"abba": frozenset({"pop", "disco"})}),
    "ignore: {ABBA: }": Policy(ignore={"abba": frozenset()}),
    # A band whose name is a number to YAML.
    "ignore: {311: pop}": Policy(ignore={"311": frozenset({"pop"})}),
}

#: what is configured -> what is said, after "genreclf"
MISTAKES = {
    # Misspelt options would be ignored in silence, and be it the one that protects.
    "forse: yes": ": no option 'forse'; did you mean force?",
    "keep-existing: yes": ": no option 'keep-existing'; did you mean keep_existing?",
    "Auto: no": ": no option 'Auto'; did you mean auto?",
    "whitelist: yes": f": no option 'whitelist'; there is {ALL_OPTIONS}",
    "7: yes": f": no option '7'; there is {ALL_OPTIONS}",
    "training: yes": ".training: must be a mapping of options",
    "training: [a]": ".training: must be a mapping of options",
    "training: {folds: many}": ".training.folds: must be a whole number, not 'many'",
    "training: {fold: 3}": ".training: no option 'fold'; did you mean folds?",
    "training: {method: finetune}": (
        ".training: no option 'method'; a head on the embedding is the only one: "
        "remove the line"
    ),
    "training: {epochs: }": (
        ".training: no option 'epochs'; a head on the embedding has none: remove the line"
    ),
    "training: {labels: some}": ".training.labels: must be first or all, not 'some'",
    "training: {genre_balance: 2}": (
        ".training.genre_balance: must be between 0 and 1, not 2"
    ),
    "training: {folds: 1}": ".training.folds: must be 2 or more, not 1",
    "training: {seed: -1}": ".training.seed: must be a whole number from 0 on, not -1",
    "training: {seed: one}": ".training.seed: must be a whole number from 0 on, not 'one'",
    "training: {name: ' '}": ".training.name: must be a name, not ' '",
    "training: {min_tracks: 0}": ".training.min_tracks: must be 1 or more, not 0",
    "training: {label_map: x}": ".training.label_map: must be a mapping, not 'x'",
    "auto: sometimes": ".auto: must be yes or no, not 'sometimes'",
    "auto:": ".auto: must be yes or no, not None",
    "force: perhaps": ".force: must be yes or no, not 'perhaps'",
    "keep_existing: 1": ".keep_existing: must be yes or no, not 1",
    "title_case: upper": ".title_case: must be yes or no, not 'upper'",
    "move: away": ".move: must be yes or no, not 'away'",
    "pretend: 2": ".pretend: must be yes or no, not 2",
    "quiet: []": ".quiet: must be yes or no, not []",
    "asis: never": ".asis: must be db, write or skip, not 'never'",
    "asis: no": ".asis: must be db, write or skip, not False",
    "asis:": ".asis: must be db, write or skip, not None",
    "source: artist": ".source: must be track, album or both, not 'artist'",
    "source: [track]": ".source: must be track, album or both, not ['track']",
    "count: 0": ".count: must be 1 or more, not 0",
    "count: yes": ".count: must be a whole number, not True",
    "count: 2.5": ".count: must be a whole number, not 2.5",
    "count: two": ".count: must be a whole number, not 'two'",
    "count:": ".count: must be a whole number, not None",
    "min_confidence: 1.2": ".min_confidence: must be between 0 and 1, not 1.2",
    "min_confidence: -0.1": ".min_confidence: must be between 0 and 1, not -0.1",
    "min_confidence: .nan": ".min_confidence: must be between 0 and 1, not nan",
    "min_confidence: high": ".min_confidence: must be a number, not 'high'",
    "min_confidence: yes": ".min_confidence: must be a number, not True",
    "min_confidence:": ".min_confidence: must be a number, not None",
    "min_margin: 10": ".min_margin: must be between 0 and 1, not 10",
    "fallback: Folk/World": (
        ".fallback: 'Folk/World' holds '/', which separates genres in files; "
        "spell it without"
    ),
    "fallback: Folk; World": (
        ".fallback: 'Folk; World' holds ';', which separates genres in files; "
        "spell it without"
    ),
    "fallback: no": ".fallback: must be a genre, not False",
    "fallback: ' '": ".fallback: must be a genre, not ' '",
    "fallback: [Other]": ".fallback: must be a genre, not ['Other']",
    "label_map: rock": ".label_map: must be a mapping, not 'rock'",
    "label_map: [rock]": ".label_map: must be a mapping, not ['rock']",
    "label_map: {hip hop: Hip Hop/Rap}": (
        ".label_map.hip hop: 'Hip Hop/Rap' holds '/', which separates genres in files; "
        "give a list of genres, or spell it without"
    ),
    "label_map: {hip hop: [Hip Hop, R;B]}": (
        ".label_map.hip hop: 'R;B' holds ';', which separates genres in files; "
        "give a list of genres, or spell it without"
    ),
    "label_map: {disco: 70}": ".label_map.disco: must be a genre, not 70",
    "label_map: {disco: ''}": ".label_map.disco: must be a genre, not ''",
    "label_map: {disco: [[Funk]]}": ".label_map.disco: must be a genre, not ['Funk']",
    "label_map: {7: Rock}": ".label_map: 7 is no label of a model",
    "label_map: {yes: Rock}": ".label_map: True is no label of a model",
    "label_map: {' ': Rock}": ".label_map: ' ' is no label of a model",
    "label_map: {hip hop: [Hip Hop, Rap]}": (
        ".label_map: 'hip hop' is written as 2 genres, but count is 1; set count: 2"
    ),
    "ignore: 7": ".ignore: must be a mapping, not 7",
    "ignore: yes": ".ignore: must be a mapping, not True",
    "ignore: ''": ".ignore: '' is no label of a model",
    "ignore: [7]": ".ignore: 7 is no label of a model",
    "ignore: {ABBA: 7}": ".ignore: 7 is no label of a model",
    "ignore: {ABBA: [[pop]]}": ".ignore: ['pop'] is no label of a model",
    "aliases: standard": ".aliases: must be a mapping, not 'standard'",
    "aliases: [rap]": ".aliases: must be a mapping, not ['rap']",
    "aliases: {hip hop: ['rap', '(']}": (
        ".aliases.hip hop: '(' is no regular expression: "
        "missing ), unterminated subpattern at position 0"
    ),
    r"aliases: {\2 hop: ['(hip) hop']}": (
        r".aliases.\2 hop: '(hip) hop' is no regular expression: "
        "invalid group reference 2 at position 1"
    ),
    "aliases: {hip hop: 7}": ".aliases.hip hop: must be a regular expression, not 7",
    "aliases: {hip hop: [[rap]]}": (
        ".aliases.hip hop: must be a regular expression, not ['rap']"
    ),
    "model: 7": ".model: must be the name of a model or a path, not 7",
    "model: ''": ".model: must be the name of a model or a path, not ''",
    "threads: 0": ".threads: must be 1 or more, not 0",
}


def section(configured: str = "{}") -> confuse.Subview:
    """Return the section as beets reads it from a configuration file."""
    config = confuse.Configuration("genreclf-test", read=False)
    config["genreclf"].set(yaml_util.load_yaml_string(configured, "a row of the table"))
    config["genreclf"].add(DEFAULTS)
    return config["genreclf"]


def test_defaults() -> None:
    options = asdict(read_options(section()))

    # What decides about genres is kept apart; people set all options in one section.
    assert options | options.pop("policy") == {**DEFAULTS}


@pytest.mark.parametrize(("configured", "expected"), POLICIES.items(), ids=POLICIES)
def test_policy(configured: str, expected: Policy) -> None:
    assert read_options(section(configured)).policy == expected


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("aliases: yes", True),
        ("aliases: no", False),
        ("aliases:", {}),
        ("aliases: {hip hop: '^rap'}", {"hip hop": ["^rap"]}),
        ("aliases: {hip hop: ['^rap', 'hip-?hop']}", {"hip hop": ["^rap", "hip-?hop"]}),
        ("aliases: {70s: seventies}", {"70s": ["seventies"]}),
        ("asis: skip", "skip"),
        ("source: both", "both"),
        ("threads: 3", 3),
        ("threads:", None),
    ],
)
def test_good_value(configured: str, expected: object) -> None:
    name = configured.partition(":")[0]

    assert getattr(read_options(section(configured)), name) == expected


@pytest.mark.parametrize(("configured", "said"), MISTAKES.items(), ids=MISTAKES)
def test_mistake_names_the_option(configured: str, said: str) -> None:
    with pytest.raises(confuse.ConfigError) as caught:
        read_options(section(configured))

    assert str(caught.value) == f"genreclf{said}"


def test_flags_win_over_configuration() -> None:
    view = section("{force: yes, quiet: yes, count: 2}")
    view.set_args({"force": False, "count": 3})

    options = read_options(view)

    assert (options.policy.force, options.policy.count) == (False, 3)
    assert options.quiet


@pytest.mark.parametrize("value", ["yes please", "[force]", "7", ""])
def test_section_that_is_no_mapping(value: str) -> None:
    with pytest.raises(confuse.ConfigError, match="genreclf"):
        read_options(section(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="bundled"),
        pytest.param("genre_crnn_v1", "genre_crnn_v1", id="name"),
        pytest.param("mine.onnx", Path("/beets/mine.onnx"), id="file"),
        pytest.param("Mine.ONNX", Path("/beets/Mine.ONNX"), id="file in capitals"),
        pytest.param("models/mine", Path("/beets/models/mine"), id="folder and file"),
        pytest.param("/srv/mine.onnx", Path("/srv/mine.onnx"), id="absolute"),
        pytest.param("~/mine.onnx", Path("~/mine.onnx").expanduser(), id="home"),
    ],
)
def test_model_is_a_name_or_a_path(
    value: str | None, expected: str | Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = section()
    source = confuse.ConfigSource(
        {"genreclf": {"model": value}}, filename="/beets/config.yaml"
    )
    view.root().sources.insert(0, source)
    monkeypatch.setattr(view.root(), "config_dir", lambda: "/beets")

    assert read_options(view).model == expected


def test_model_of_a_flag_is_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    view = section()
    view.set_args({"model": "mine.onnx"})

    assert read_options(view).model == tmp_path / "mine.onnx"


@pytest.mark.parametrize("command", [["genreclf"], ["import", "-A", "inbox"]])
@pytest.mark.parametrize(("name", "value"), [("threads", 0), ("auto", "sometimes")])
def test_mistake_ends_the_command_in_one_line(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    name: str,
    value: Any,
) -> None:
    home.add_track("Song")
    home.audio_file(home.inbox / "other.mp3")
    home.configure(**{name: value})
    monkeypatch.chdir(home.folder)
    before = home.dump()

    printed = home.beet(*command)

    (line,) = printed.err.splitlines()
    assert printed.exit_code == 1
    assert line.startswith(f"configuration error: genreclf.{name}")
    assert home.dump() == before
    assert not classifier.heard


def test_mistake_does_not_disturb_other_commands(home: BeetsHome) -> None:
    home.add_track("Song")
    home.settings["genreclf"] = "yes please"

    printed = home.beet("ls")

    assert (printed.lines, printed.err) == (["Ann -  - Song"], "")
    assert beets.plugins.find_plugins()


def test_section_whose_lines_are_all_commented_out(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Song")
    home.settings["genreclf"] = None

    printed = home.beet("genreclf", "-t", "1")

    assert (printed.err, printed.exit_code) == ("", 0)
    assert classifier.heard
    assert home.item("Song").genres == ["Rock"]
