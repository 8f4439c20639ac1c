"""Other names of genres, from lastgenre, a plugin that beets ships."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confuse

import beetsplug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    #: A pattern that a whole name has to match, and the name that it stands for.
    Alias = tuple[re.Pattern[str], str]


def compile_aliases(aliases: Mapping[str, Sequence[str]]) -> list[Alias]:
    """Compile patterns by the name that they stand for, as in lastgenre's configuration.

    Raises:
        re.error: a pattern is wrong, or a name refers to a group that it lacks.
    """
    compiled: list[Alias] = []
    for canonical, patterns in aliases.items():
        for text in patterns:
            pattern = re.compile(text, re.IGNORECASE)
            try:
                # Parses the reference to a group, though nothing matches.
                pattern.sub(canonical.lower(), "")
            except IndexError as error:
                raise re.error(f"{error} in {canonical!r}") from error
            compiled.append((pattern, canonical.lower()))
    return compiled


def expanded(name: str, aliases: Iterable[Alias]) -> str | None:
    """Return the name that the first matching alias stands for; None if none matches."""
    matches = ((pattern.fullmatch(name), canonical) for pattern, canonical in aliases)
    return next((match.expand(canonical) for match, canonical in matches if match), None)


def canonical_names(option: bool | Mapping[str, Sequence[str]]) -> Callable[[str], str]:
    """Return a function from a name to the one that it stands for, or to itself.

    Args:
        option: as for :class:`~beetsplug.genreclf.policy.vocabulary.GenreNames`.
    """
    table = (lastgenre_data("aliases.yaml") or {}) if option is True else option or {}
    aliases = compile_aliases(table)

    def canonical(name: str) -> str:
        found = expanded(name.strip().lower(), aliases)
        return name if found is None else found

    return canonical


def lastgenre_data(name: str) -> Any:
    """Return the content of a YAML file of lastgenre; None if beets does not ship it."""
    # Not by importing lastgenre, which needs pylast, an optional package.
    paths = (Path(folder, "lastgenre", name) for folder in beetsplug.__path__)
    path = next(filter(Path.is_file, paths), None)
    return None if path is None else _yaml(path)


@cache
def _yaml(path: Path) -> Any:
    return confuse.load_yaml(str(path))
