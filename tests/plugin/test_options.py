"""The configuration: defaults, flags, and mistakes that name the option."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import beets
import confuse
import pytest

from beetsplug.genreclf.options import DEFAULTS, read_options

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

MISTAKES: list[tuple[str, Any]] = [
    ("auto", "sometimes"),
    ("force", "perhaps"),
    ("pretend", 2),
    ("quiet", []),
    ("title_case", "upper"),
    ("min_confidence", 1.2),
    ("min_confidence", -0.1),
    ("min_confidence", float("nan")),
    ("min_confidence", "high"),
    ("min_confidence", True),
    ("min_confidence", None),
    ("threads", 0),
    ("threads", 2.5),
    ("threads", "all"),
    ("threads", True),
    ("model", 7),
    ("model", ""),
]


def section(**options: Any) -> confuse.Subview:
    config = confuse.Configuration("genreclf-test", read=False)
    config["genreclf"].set(options)
    config["genreclf"].add(DEFAULTS)
    return config["genreclf"]


def test_defaults() -> None:
    assert asdict(read_options(section())) == DEFAULTS


def test_flags_win_over_configuration() -> None:
    flags = {"force": True, "quiet": None}

    options = read_options(section(force=False, quiet=True), flags)

    assert (options.force, options.quiet) == (True, True)


@pytest.mark.parametrize(("name", "value"), MISTAKES)
def test_mistake_names_the_option(name: str, value: Any) -> None:
    with pytest.raises(confuse.ConfigError, match=f"genreclf.{name}"):
        read_options(section(**{name: value}))


def test_section_that_is_no_mapping() -> None:
    config = confuse.Configuration("genreclf-test", read=False)
    config["genreclf"].set("yes please")

    with pytest.raises(confuse.ConfigError, match="genreclf"):
        read_options(config["genreclf"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(None, None, id="bundled"),
        pytest.param("gtzan_crnn_v1", "gtzan_crnn_v1", id="name"),
        pytest.param("mine.onnx", Path("/beets/mine.onnx"), id="file"),
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
