"""Pages document every option, flag and field that a user can set or read."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confuse import yaml_util

from beetsplug.genreclf import GenreClfPlugin
from beetsplug.genreclf.commands.evaluate import make_eval_command
from beetsplug.genreclf.commands.models import make_models_command
from beetsplug.genreclf.commands.tag import make_tag_command
from beetsplug.genreclf.commands.train import make_train_command
from beetsplug.genreclf.config.options import DEFAULTS
from genre_model.cli.main import _parser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PLUGIN_PAGE = (ROOT / "docs" / "plugin.md").read_text(encoding="utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "".join(page.read_text(encoding="utf-8") for page in PAGES)


def test_every_option_has_a_section() -> None:
    headings = re.findall(r"^### (.*)", PLUGIN_PAGE, re.MULTILINE)
    described = {name for heading in headings for name in heading.split(", ")}
    assert set(DEFAULTS) - described == set()


def test_pages_list_the_defaults() -> None:
    own_genres = (ROOT / "docs" / "personal-model.md").read_text(encoding="utf-8")
    training = configured(own_genres, first="training")["training"]
    assert {**configured(PLUGIN_PAGE, first="auto"), "training": training} == DEFAULTS


def configured(page: str, *, first: str) -> dict[str, Any]:
    """Read the example of a configuration that begins with an option."""
    (block,) = re.findall(rf"```yaml\n(genreclf:\n    {first}:.*?)```", page, re.DOTALL)
    read: dict[str, Any] = yaml_util.load_yaml_string(block, "page")["genreclf"]
    return read


def test_every_field_has_a_row() -> None:
    rows = "".join(
        row for row in PLUGIN_PAGE.splitlines() if row.startswith("| `genreclf_")
    )
    fields = {*GenreClfPlugin.item_types, *GenreClfPlugin.album_types}
    assert {name for name in fields if f"`{name}`" not in rows} == set()


def test_every_flag_of_a_beet_command_is_documented() -> None:
    made = (make_tag_command, make_models_command, make_train_command, make_eval_command)
    commands = [make() for make in made]
    flags = {
        text
        for command in commands
        for option in command.parser.option_list
        for text in option._long_opts
        if text != "--help"
    }
    assert len(flags) > 30
    assert {flag for flag in flags if not is_documented(flag)} == set()


def test_every_flag_of_genre_model_is_documented() -> None:
    flags = set(flags_of(_parser())) - {"--help", "--version"}
    assert len(flags) > 30
    assert {flag for flag in flags if not is_documented(flag)} == set()


def flags_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (text for text in action.option_strings if text.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from flags_of(command)


def is_documented(flag: str) -> bool:
    return re.search(rf"{flag}(?![\w-])", TEXT) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_paths_in_pages_exist(page: Path) -> None:
    folders = "tests|benchmarks|scripts|genre_model|beetsplug"
    text = page.read_text(encoding="utf-8")
    paths = re.findall(rf"(?<![\w/.-])(?:{folders})/[\w/.-]*\w(?![\w*])", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []
