"""Which labels of a model a genre means, such as "Hip-Hop/Rap", "Thrash Metal" or "Ska".

lastgenre, a plugin that beets ships, has the data: its aliases (since beets 2.13) and its
tree of genres.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confuse

import beetsplug
from genre_model import spelling_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    #: A pattern that a whole name has to match, and the name that it stands for.
    Alias = tuple[re.Pattern[str], str]
    #: A genre in a tree, its parent, and so on to the root.
    Place = tuple[str, ...]

NOTHING: frozenset[str] = frozenset()

#: What is between the words of one name; as in ``spelling_key``.
GAP = re.compile(r"[\s_.\u2010-\u2015\u2212-]+")
#: What joins two genres to one name, and the words of "rock & roll".
JOINT = re.compile(r"[/,;&+]|\b(?:and|n)\b")

#: Names whose last word or place in lastgenre's tree misleads: it has contemporary R&B
#: under blues. Looked up before lastgenre's aliases, so that all versions of beets agree.
MISLEADING: dict[str, list[str]] = {
    "electronic": [r"(?:dark|synth)[ -]?wave", r"electroclash", r"indietronica"],
    "pop/rock": [r"pop[ -]rock"],
    "r&b": [
        r"r(?:hythm)?\W*(?:and|n)?\W*b(?:lues)?",
        r"(?:contemporary|modern|urban) r\W*(?:and|n)?\W*b",
    ],
    "reggae": [r"lovers[ -]rock"],
}

#: What lastgenre does not have, or has since beets 2.13 only. Unlike an alias, a synonym
#: that the model does not know is ignored.
SYNONYMS: dict[str, list[str]] = {
    "hip hop": [r"(?:.*\W)?rap", r"gangsta", r"boom[ -]?bap"],
    "metal": [r"thrash", r"doom", r"sludge", r"grindcore", r"nwobhm"],
    "rock": [r"(?:.*\W)?punk", r"alternative", r"prog", r"rock\W?n\W?roll"],
    "pop/rock": [r"indie"],
    "country/rock": [r"rockabilly"],
    "country": [r"country\W*(?:and|n)?\W*western"],
    "jazz": [r"big[ -]?band", r"fusion", r"bop"],
    "classical": [r"choral", r"early music", r"renaissance"],
    r"\1": [r"(.+?)(?: music)+", r"(?:euro|italo|synth)(disco|pop)"],
}


class GenreNames:
    """Translates names of genres to labels of one model."""

    def __init__(
        self,
        labels: Sequence[str],
        *,
        label_map: Mapping[str, tuple[str, ...]],
        aliases: bool | Mapping[str, Sequence[str]],
    ) -> None:
        """Store the options; files are read when a name needs them.

        Args:
            labels: of the model.
            label_map: the genres that a label is written as, where not as itself.
            aliases: True for lastgenre's aliases, patterns by the name that they stand
                for instead of those, or False to take every name literally.
        """
        self._labels_by_key = _labels_by_key(labels, label_map)
        self._aliases_option = aliases
        self._found: dict[str, frozenset[str]] = {}

    def labels_of(self, genre: str) -> frozenset[str]:
        """Return the labels that a genre means; none if the model does not know it."""
        if genre not in self._found:
            self._found[genre] = self._find(genre.strip().lower())
        return self._found[genre]

    def labels_named(self, genre: str) -> frozenset[str]:
        """Return the labels that a genre is another name of.

        "Hip-Hop/Rap" and what an alias stands for name hip hop; "Shoegaze" is no name of
        rock.
        """
        name = genre.strip().lower()
        names = [name, *JOINT.split(name)]
        if self._aliases_option is not False:
            names.append(expanded(name, self._aliases) or name)
        return NOTHING.union(*map(self._named, names))

    @cached_property
    def _aliases(self) -> list[Alias]:
        option = self._aliases_option
        if not isinstance(option, bool):
            return compile_aliases(option) + compile_aliases(MISLEADING)
        of_lastgenre = lastgenre_data("aliases.yaml") or {}
        return compile_aliases(MISLEADING) + compile_aliases(of_lastgenre)

    @cached_property
    def _synonyms(self) -> list[Alias]:
        return compile_aliases(SYNONYMS)

    @cached_property
    def _places(self) -> dict[str, list[Place]]:
        places = defaultdict(list)
        for place in _places_in(lastgenre_data("genres-tree.yaml") or []):
            places[spelling_key(place[0])].append(place)
        return places

    def _find(self, name: str) -> frozenset[str]:
        known = self._named(name)
        if known or self._aliases_option is False:
            return known
        canonical = expanded(name, self._aliases)
        if canonical is None:
            return self._meant(name) or self._joined(name, self._find)
        # No alias is looked up in what an alias gave: a table can lead in a circle.
        return self._meant(canonical) or self._joined(canonical, self._meant)

    def _meant(self, name: str) -> frozenset[str]:
        return (
            self._named(name)
            or self._ending(name)
            or self._synonymous(name)
            or self._above(name)
        )

    def _named(self, name: str) -> frozenset[str]:
        return self._labels_by_key.get(spelling_key(name), NOTHING)

    def _ending(self, name: str) -> frozenset[str]:
        """Return the most words at the end that are a label: "delta blues" is blues.

        Not behind a joint, since "soul & jazz" is not a kind of jazz.
        """
        for gap in GAP.finditer(name):
            if JOINT.search(name[: gap.end()]):
                break
            if known := self._named(name[gap.end() :]):
                return known
        return NOTHING

    def _synonymous(self, name: str) -> frozenset[str]:
        other = expanded(name, self._synonyms) or ""
        return self._meant(other) or self._joined(other, self._named) if other else NOTHING

    def _above(self, name: str) -> frozenset[str]:
        """Return the nearest ancestor in lastgenre's tree that is a label or ends in one.

        That may be the name itself, since the tree may part its words. If it is in several
        places of the tree, each must lead to a label.
        """
        places = self._places.get(spelling_key(name), [])
        return _united(
            next(filter(None, (self._named(a) or self._ending(a) for a in place)), NOTHING)
            for place in places
        )

    def _joined(self, name: str, find: Callable[[str], frozenset[str]]) -> frozenset[str]:
        """Return the labels of the parts, if each has some: "pop/rock" is both.

        Parts of one letter are no genres but those of "R&B".
        """
        parts = [part for part in map(str.strip, JOINT.split(name)) if part]
        if parts == [name] or any(len(part) == 1 for part in parts):
            return NOTHING
        return _united(map(find, parts))


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


def _united(found: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return the union; nothing if one of the sets is empty."""
    findings = list(found)
    return NOTHING.union(*findings) if all(findings) else NOTHING


def _labels_by_key(
    labels: Iterable[str], label_map: Mapping[str, tuple[str, ...]]
) -> dict[str, frozenset[str]]:
    """Map what labels are written as to the labels, then what labels are to themselves."""
    written_as = {spelling_key(label): genres for label, genres in label_map.items()}
    written: defaultdict[str, set[str]] = defaultdict(set)
    plain: defaultdict[str, set[str]] = defaultdict(set)
    for label in labels:
        plain[spelling_key(label)].add(label)
        for genre in written_as.get(spelling_key(label), (label,)):
            written[spelling_key(genre)].add(label)
    return {key: frozenset(found) for key, found in (plain | written).items()}


def _places_in(branches: Iterable[Any], above: Place = ()) -> Iterator[Place]:
    for branch in branches:
        children = branch if isinstance(branch, dict) else {branch: None}
        for name, below in children.items():
            place = (str(name), *above)
            yield place
            yield from _places_in(below or [], place)
