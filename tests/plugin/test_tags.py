"""The policy as a table: what is configured, stands and is heard; what comes of it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import confuse
import pytest
from confuse import yaml_util

from beetsplug.genreclf.config.defaults import DEFAULTS
from beetsplug.genreclf.config.options import Policy, read_options
from beetsplug.genreclf.policy.policy import (
    Decision,
    Outcome,
    Tally,
    choose_album_genre,
    choose_tags,
    has_genre,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TAGGED = Outcome.TAGGED
ABSTAINED = Outcome.ABSTAINED
FALLBACK = Outcome.FALLBACK
UNCHANGED = Outcome.UNCHANGED
HAD_GENRE = Outcome.HAD_GENRE

#: In all rows that name no other; the default is measured, and may move.
MIN_CONFIDENCE = 0.5


@dataclass(frozen=True)
class Given:
    """What a decision depends on.

    Attributes:
        configured: the options that differ from the defaults, as in a configuration.
        heard: by the model, such as ``rock 0.60, pop 0.40``, best first.
        stands: the genres of the track.
        before_us: if what stands is ours, the genres that it replaced.
        artists: of the track.
    """

    configured: str = ""
    _: KW_ONLY
    heard: str
    stands: Sequence[str] = ()
    before_us: Sequence[str] | None = None
    artists: Sequence[str] = ()


POLICY = {
    # An empty genre is filled; what stands there stays.
    "empty is filled": (
        Given(heard="blues 0.83"),
        Decision(TAGGED, ("Blues",), "Blues 0.83"),
    ),
    "one empty text, as a cleared APEv2 tag is read, is empty": (
        Given(stands=[""], heard="blues 0.83"),
        Decision(TAGGED, ("Blues",), "Blues 0.83"),
    ),
    "blanks are empty": (
        Given(stands=[" ", ""], heard="blues 0.83"),
        Decision(TAGGED, ("Blues",), "Blues 0.83"),
    ),
    "the best is written": (
        Given(heard="rock 0.60, blues 0.40"),
        Decision(TAGGED, ("Rock",), "Rock 0.60"),
    ),
    "of equals the first is written": (
        Given(heard="rock 0.50, blues 0.50"),
        Decision(TAGGED, ("Rock",), "Rock 0.50"),
    ),
    "a genre stays, however sure the model is": (
        Given(stands=["Pop"], heard="rock 1.00"),
        Decision(HAD_GENRE, None, "already Pop"),
    ),
    "several genres stay": (
        Given(stands=["Pop", "Soul"], heard="rock 0.99"),
        Decision(HAD_GENRE, None, "already Pop, Soul"),
    ),
    "a genre beside a blank stays": (
        Given(stands=["", "Pop"], heard="rock 0.99"),
        Decision(HAD_GENRE, None, "already Pop"),
    ),
    "a genre of ours stays as well": (
        Given(stands=["Pop"], before_us=[], heard="rock 0.99"),
        Decision(HAD_GENRE, None, "already Pop"),
    ),
    # force: decide again where a genre stands.
    "force replaces": (
        Given("force: yes", stands=["Pop"], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Pop)"),
    ),
    "force replaces several": (
        Given("force: yes", stands=["Pop", "Soul"], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Pop, Soul)"),
    ),
    "force replaces the same and more": (
        Given("force: yes", stands=["Rock", "Soul"], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Rock, Soul)"),
    ),
    "force replaces a blank with the genre beside it": (
        Given("force: yes", stands=["", "Pop"], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Pop)"),
    ),
    "force fills what is empty": (
        Given("force: yes", heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "force agrees": (
        Given("force: yes", stands=["Rock"], heard="rock 0.83"),
        Decision(UNCHANGED, None, "Rock 0.83"),
    ),
    "force corrects the spelling": (
        Given("force: yes", stands=["rock"], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: rock)"),
    ),
    "force never erases": (
        Given("force: yes", stands=["Pop"], heard="rock 0.31"),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    "force decides again about a genre of ours": (
        Given("force: yes", stands=["Pop"], before_us=[], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Pop)"),
    ),
    "force does not bring back what we replaced": (
        Given("force: yes", stands=["Pop"], before_us=["Soul"], heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Pop)"),
    ),
    # keep_existing: with force, add to what stands. As in lastgenre, what stands comes
    # first and all are `count` at most; but what stands is never cut or re-spelled.
    "without force there is nothing to add to": (
        Given("keep_existing: yes, count: 2", stands=["Pop"], heard="rock 0.83"),
        Decision(HAD_GENRE, None, "already Pop"),
    ),
    "without force what is empty is filled": (
        Given("keep_existing: yes", heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "with force what is empty is filled": (
        Given("force: yes, keep_existing: yes", heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "what stands comes first": (
        Given(
            "force: yes, keep_existing: yes, count: 2", stands=["Pop"], heard="rock 0.83"
        ),
        Decision(TAGGED, ("Pop", "Rock"), "Rock 0.83 (kept: Pop)"),
    ),
    "what stands keeps its order": (
        Given(
            "force: yes, keep_existing: yes, count: 3",
            stands=["Soul", "Pop"],
            heard="rock 0.83",
        ),
        Decision(TAGGED, ("Soul", "Pop", "Rock"), "Rock 0.83 (kept: Soul, Pop)"),
    ),
    "what stands may leave no room": (
        Given("force: yes, keep_existing: yes", stands=["Pop"], heard="rock 0.83"),
        Decision(UNCHANGED, None, "nothing new (kept: Pop)"),
    ),
    "more than count is not cut": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Pop", "Soul", "Funk"],
            heard="rock 0.83",
        ),
        Decision(UNCHANGED, None, "nothing new (kept: Pop, Soul, Funk)"),
    ),
    "a genre that stands is neither doubled nor re-spelled": (
        Given(
            "force: yes, keep_existing: yes, count: 2", stands=["ROCK"], heard="rock 0.83"
        ),
        Decision(UNCHANGED, None, "nothing new (kept: ROCK)"),
    ),
    "title_case is for new genres only": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["hip hop"],
            heard="rock 0.83",
        ),
        Decision(TAGGED, ("hip hop", "Rock"), "Rock 0.83 (kept: hip hop)"),
    ),
    "a genre that is heard and stands leaves its place to the next": (
        Given(
            "force: yes, keep_existing: yes, count: 2, min_confidence: 0.3",
            stands=["Rock"],
            heard="rock 0.50, pop 0.40",
        ),
        Decision(TAGGED, ("Rock", "Pop"), "Pop 0.40 (kept: Rock)"),
    ),
    "a blank is not kept": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["", "Pop"],
            heard="rock 0.83",
        ),
        Decision(TAGGED, ("Pop", "Rock"), "Rock 0.83 (kept: Pop)"),
    ),
    "unsure, all is kept": (
        Given(
            "force: yes, keep_existing: yes, count: 2", stands=["Pop"], heard="rock 0.31"
        ),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    # keep_existing, where what stands is ours: what was there before us is kept.
    "ours makes room for ours": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Pop", "Rock"],
            before_us=["Pop"],
            heard="blues 0.83",
        ),
        Decision(TAGGED, ("Pop", "Blues"), "Blues 0.83 (kept: Pop)"),
    ),
    "of ours alone nothing is kept": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Rock"],
            before_us=[],
            heard="blues 0.83",
        ),
        Decision(TAGGED, ("Blues",), "Blues 0.83 (was: Rock)"),
    ),
    "ours again changes nothing": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Pop", "Rock"],
            before_us=["Pop"],
            heard="rock 0.83",
        ),
        Decision(UNCHANGED, None, "Rock 0.83 (kept: Pop)"),
    ),
    "what ours had replaced comes back": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Rock"],
            before_us=["Pop"],
            heard="rock 0.83",
        ),
        Decision(TAGGED, ("Pop", "Rock"), "Rock 0.83 (kept: Pop)"),
    ),
    "with a smaller count, ours goes": (
        Given(
            "force: yes, keep_existing: yes, count: 1",
            stands=["Pop", "Rock"],
            before_us=["Pop"],
            heard="blues 0.83",
        ),
        Decision(TAGGED, ("Pop",), "nothing new (kept: Pop)"),
    ),
    "where the model comes round to the person's genre, ours goes": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Pop", "Rock"],
            before_us=["Pop"],
            heard="pop 0.83",
        ),
        Decision(TAGGED, ("Pop",), "nothing new (kept: Pop)"),
    ),
    "unsure, ours stays": (
        Given(
            "force: yes, keep_existing: yes, count: 2",
            stands=["Pop", "Rock"],
            before_us=["Pop"],
            heard="blues 0.31",
        ),
        Decision(ABSTAINED, None, "abstained: blues 0.31 < 0.5"),
    ),
    # count: as in lastgenre the most genres, not as many; min_confidence is the floor for
    # each of them, as min_weight is there.
    "one genre, if nothing is configured": (
        Given("min_confidence: 0.1", heard="rock 0.50, pop 0.40"),
        Decision(TAGGED, ("Rock",), "Rock 0.50"),
    ),
    "count is the most": (
        Given("count: 2, min_confidence: 0.1", heard="rock 0.40, pop 0.30, blues 0.20"),
        Decision(TAGGED, ("Rock", "Pop"), "Rock 0.40, Pop 0.30"),
    ),
    "each must be sure enough": (
        Given("count: 3, min_confidence: 0.3", heard="rock 0.40, pop 0.30, blues 0.20"),
        Decision(TAGGED, ("Rock", "Pop"), "Rock 0.40, Pop 0.30"),
    ),
    "there may be fewer than count": (
        Given("count: 5, min_confidence: 0", heard="rock 0.60, pop 0.40"),
        Decision(TAGGED, ("Rock", "Pop"), "Rock 0.60, Pop 0.40"),
    ),
    "unsure of the best is unsure of all": (
        Given("count: 3", heard="rock 0.40, pop 0.30, blues 0.20"),
        Decision(ABSTAINED, None, "abstained: rock 0.40 < 0.5"),
    ),
    "the same genres in another order are a change": (
        Given(
            "force: yes, count: 2, min_confidence: 0.1",
            stands=["Pop", "Rock"],
            heard="rock 0.50, pop 0.40",
        ),
        Decision(TAGGED, ("Rock", "Pop"), "Rock 0.50, Pop 0.40 (was: Pop, Rock)"),
    ),
    # min_confidence: what is less probable is not written.
    "unsure leaves empty": (
        Given(heard="rock 0.31"),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    "the limit itself is enough": (
        Given("min_confidence: 0.45", heard="rock 0.45"),
        Decision(TAGGED, ("Rock",), "Rock 0.45"),
    ),
    "just below is not rounded up": (
        Given("min_confidence: 0.45", heard="rock 0.4499"),
        Decision(ABSTAINED, None, "abstained: rock 0.44 < 0.45"),
    ),
    "just above is shown rounded": (
        Given("min_confidence: 0.45", heard="rock 0.4501"),
        Decision(TAGGED, ("Rock",), "Rock 0.45"),
    ),
    "a finer limit is shown whole": (
        Given("min_confidence: 0.625", heard="rock 0.6249"),
        Decision(ABSTAINED, None, "abstained: rock 0.62 < 0.625"),
    ),
    "no limit": (
        Given("min_confidence: 0", heard="rock 0.11, pop 0.10"),
        Decision(TAGGED, ("Rock",), "Rock 0.11"),
    ),
    "the highest limit": (
        Given("min_confidence: 1", heard="rock 0.9999"),
        Decision(ABSTAINED, None, "abstained: rock 0.99 < 1"),
    ),
    "certainty is enough for the highest limit": (
        Given("min_confidence: 1", heard="rock 1.00"),
        Decision(TAGGED, ("Rock",), "Rock 1.00"),
    ),
    # min_margin: how far the best genre must lead the best label of another meaning.
    "the lead is large enough": (
        Given("min_margin: 0.1", heard="rock 0.55, pop 0.40"),
        Decision(TAGGED, ("Rock",), "Rock 0.55"),
    ),
    "the lead is too small": (
        Given("min_margin: 0.1", heard="rock 0.50, pop 0.45"),
        Decision(ABSTAINED, None, "abstained: rock 0.50 leads pop 0.45 by 0.05 < 0.1"),
    ),
    "a lead as large as the margin is enough": (
        # Though 0.5 - 0.4 is 0.09999999999999998 to the machine.
        Given("min_margin: 0.1", heard="rock 0.50, pop 0.40"),
        Decision(TAGGED, ("Rock",), "Rock 0.50"),
    ),
    "a lead just below is not rounded up": (
        Given("min_margin: 0.1", heard="rock 0.50, pop 0.4004"),
        Decision(ABSTAINED, None, "abstained: rock 0.50 leads pop 0.40 by 0.09 < 0.1"),
    ),
    "without a margin a tie will do": (
        Given("min_margin: 0", heard="rock 0.50, pop 0.50"),
        Decision(TAGGED, ("Rock",), "Rock 0.50"),
    ),
    "min_confidence is asked first": (
        Given("min_margin: 0.1", heard="rock 0.31, pop 0.30"),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    "a model of one label leads by all it has": (
        Given("min_margin: 0.5", heard="rock 0.60"),
        Decision(TAGGED, ("Rock",), "Rock 0.60"),
    ),
    "of equal rivals the first is named": (
        Given("min_margin: 0.4", heard="rock 0.50, pop 0.25, blues 0.25"),
        Decision(ABSTAINED, None, "abstained: rock 0.50 leads pop 0.25 by 0.25 < 0.4"),
    ),
    "a label of the same genre is no rival": (
        Given(
            "min_margin: 0.3, label_map: {metal: Rock}",
            heard="rock 0.5, metal 0.3, pop 0.2",
        ),
        Decision(TAGGED, ("Rock",), "Rock 0.80"),
    ),
    "rivals are labels, and not added up to the genre that they mean": (
        Given(
            "min_margin: 0.2, label_map: {disco: Dance, pop: Dance}",
            heard="rock 0.52, disco 0.24, pop 0.24",
        ),
        Decision(TAGGED, ("Rock",), "Rock 0.52"),
    ),
    "the other genre of a label is no rival": (
        Given(
            "min_margin: 0.2, count: 2, label_map: {hip hop: [Hip Hop, Rap]}",
            heard="hip hop 0.60, pop 0.40",
        ),
        Decision(TAGGED, ("Hip Hop", "Rap"), "Hip Hop 0.60, Rap 0.60"),
    ),
    "a genre that would be written, too, is a rival": (
        Given(
            "min_margin: 0.2, count: 2, min_confidence: 0.3", heard="rock 0.50, pop 0.45"
        ),
        Decision(ABSTAINED, None, "abstained: rock 0.50 leads pop 0.45 by 0.05 < 0.2"),
    ),
    "an ignored label is a rival": (
        Given("min_margin: 0.2, ignore: disco", heard="rock 0.55, disco 0.40"),
        Decision(ABSTAINED, None, "abstained: rock 0.55 leads disco 0.40 by 0.15 < 0.2"),
    ),
    # fallback: for what is empty and stays unsure, spelled as it is configured.
    "unsure of an empty one gives the fallback": (
        Given("fallback: Other", heard="rock 0.31"),
        Decision(FALLBACK, ("Other",), "Other, the fallback (rock 0.31 < 0.5)"),
    ),
    "blanks are given the fallback": (
        Given("fallback: Other", stands=["", " "], heard="rock 0.31"),
        Decision(FALLBACK, ("Other",), "Other, the fallback (rock 0.31 < 0.5)"),
    ),
    "title_case is not for the fallback": (
        Given("fallback: to be tagged", heard="rock 0.31"),
        Decision(
            FALLBACK, ("to be tagged",), "to be tagged, the fallback (rock 0.31 < 0.5)"
        ),
    ),
    "a small lead gives the fallback": (
        Given("fallback: Other, min_margin: 0.2", heard="rock 0.50, pop 0.40"),
        Decision(
            FALLBACK,
            ("Other",),
            "Other, the fallback (rock 0.50 leads pop 0.40 by 0.10 < 0.2)",
        ),
    ),
    "ignored labels give the fallback": (
        Given("fallback: Other, ignore: [rock, pop]", heard="rock 0.60, pop 0.40"),
        Decision(
            FALLBACK,
            ("Other",),
            "Other, the fallback (every label is ignored or written as nothing)",
        ),
    ),
    "a fallback may be called as a label is that is ignored": (
        Given("fallback: Pop, ignore: pop", heard="pop 0.60, rock 0.40"),
        Decision(
            FALLBACK,
            ("Pop",),
            "Pop, the fallback (rock 0.40 < 0.5; pop 0.60 is not written)",
        ),
    ),
    "sure needs no fallback": (
        Given("fallback: Other", heard="rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "where a genre stands there is no fallback": (
        Given("fallback: Other", stands=["Pop"], heard="rock 0.31"),
        Decision(HAD_GENRE, None, "already Pop"),
    ),
    "force does not overwrite with the fallback": (
        Given("fallback: Other, force: yes", stands=["Pop"], heard="rock 0.31"),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    "force fills with the fallback": (
        Given("fallback: Other, force: yes", heard="rock 0.31"),
        Decision(FALLBACK, ("Other",), "Other, the fallback (rock 0.31 < 0.5)"),
    ),
    "the fallback is not added to what stands": (
        Given(
            "fallback: Other, force: yes, keep_existing: yes, count: 2",
            stands=["Pop"],
            heard="rock 0.31",
        ),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    "ours is not overwritten with the fallback": (
        Given(
            "fallback: Other, force: yes", stands=["Pop"], before_us=[], heard="rock 0.31"
        ),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    "the fallback of an earlier day gives way": (
        Given(
            "fallback: Other, force: yes", stands=["Other"], before_us=[], heard="rock 0.83"
        ),
        Decision(TAGGED, ("Rock",), "Rock 0.83 (was: Other)"),
    ),
    "an empty fallback is none": (
        Given("fallback: ''", heard="rock 0.31"),
        Decision(ABSTAINED, None, "abstained: rock 0.31 < 0.5"),
    ),
    # title_case: names in lower case are written as lastgenre writes them.
    "title case of two words": (
        Given(heard="hip hop 0.83"),
        Decision(TAGGED, ("Hip Hop",), "Hip Hop 0.83"),
    ),
    "title case of small words": (
        Given(heard="drum and bass 0.83"),
        Decision(TAGGED, ("Drum And Bass",), "Drum And Bass 0.83"),
    ),
    "title case beside other signs": (
        Given(heard="r&b 0.83"),
        Decision(TAGGED, ("R&B",), "R&B 0.83"),
    ),
    "capitals of a label stay": (
        Given(heard="UK garage 0.83"),
        Decision(TAGGED, ("UK garage",), "UK garage 0.83"),
    ),
    "no title case": (
        Given("title_case: no", heard="hip hop 0.83"),
        Decision(TAGGED, ("hip hop",), "hip hop 0.83"),
    ),
    "no title case is a spelling, too": (
        Given("title_case: no, force: yes", stands=["Hip Hop"], heard="hip hop 0.83"),
        Decision(TAGGED, ("hip hop",), "hip hop 0.83 (was: Hip Hop)"),
    ),
    "what is not written is called as the model calls it": (
        Given(heard="hip hop 0.31"),
        Decision(ABSTAINED, None, "abstained: hip hop 0.31 < 0.5"),
    ),
    # label_map: the genres that a label is written as: one, none or several.
    "another name": (
        Given("label_map: {hip hop: Rap}", heard="hip hop 0.83"),
        Decision(TAGGED, ("Rap",), "Rap 0.83"),
    ),
    "people's capitals stay": (
        Given("label_map: {metal: nu-Metal}", heard="metal 0.83"),
        Decision(TAGGED, ("nu-Metal",), "nu-Metal 0.83"),
    ),
    "people's small letters become title case": (
        Given("label_map: {metal: heavy metal}", heard="metal 0.83"),
        Decision(TAGGED, ("Heavy Metal",), "Heavy Metal 0.83"),
    ),
    "people's small letters stay without title case": (
        Given("label_map: {metal: heavy metal}, title_case: no", heard="metal 0.83"),
        Decision(TAGGED, ("heavy metal",), "heavy metal 0.83"),
    ),
    "labels are found whatever their capitals": (
        Given("label_map: {Hip Hop: Rap}", heard="HIP HOP 0.83"),
        Decision(TAGGED, ("Rap",), "Rap 0.83"),
    ),
    "a name is not looked up again": (
        Given("label_map: {metal: rock, rock: Pop}", heard="metal 0.83, rock 0.17"),
        Decision(TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "what is not written is called as it would be written": (
        Given("label_map: {hip hop: Rap}", heard="hip hop 0.31"),
        Decision(ABSTAINED, None, "abstained: Rap 0.31 < 0.5"),
    ),
    "a label written as nothing": (
        Given("label_map: {disco: }", heard="disco 0.83, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; disco 0.83 is not written"),
    ),
    "a label written as an empty list": (
        Given("label_map: {disco: []}", heard="disco 0.83, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; disco 0.83 is not written"),
    ),
    "every label written as nothing": (
        Given("label_map: {disco: [], rock: []}", heard="disco 0.83, rock 0.17"),
        Decision(
            ABSTAINED, None, "abstained: every label is ignored or written as nothing"
        ),
    ),
    "several genres, each as probable as the label": (
        Given("label_map: {hip hop: [Hip Hop, Rap]}, count: 2", heard="hip hop 0.83"),
        Decision(TAGGED, ("Hip Hop", "Rap"), "Hip Hop 0.83, Rap 0.83"),
    ),
    "several genres, with room for one": (
        Given(
            "force: yes, keep_existing: yes, count: 2, "
            "label_map: {hip hop: [Hip Hop, Rap]}",
            stands=["Pop"],
            heard="hip hop 0.83",
        ),
        Decision(TAGGED, ("Pop", "Hip Hop"), "Hip Hop 0.83 (kept: Pop)"),
    ),
    "the same genre twice is one": (
        Given("label_map: {metal: [Rock, rock]}, count: 2", heard="metal 0.40, pop 0.35"),
        Decision(ABSTAINED, None, "abstained: Rock 0.40 < 0.5"),
    ),
    "two labels that mean one genre add up": (
        Given(
            "label_map: {disco: Dance, pop: Dance}", heard="rock 0.40, disco 0.35, pop 0.25"
        ),
        Decision(TAGGED, ("Dance",), "Dance 0.60"),
    ),
    "a sum is as exact as people add": (
        # Though 0.7 + 0.1 is 0.7999999999999999 to the machine.
        Given(
            "label_map: {disco: Dance, pop: Dance}, min_confidence: 0.8",
            heard="disco 0.7, pop 0.1",
        ),
        Decision(TAGGED, ("Dance",), "Dance 0.80"),
    ),
    "a label adds up with one that is written as it": (
        Given("label_map: {metal: rock}", heard="blues 0.40, rock 0.35, metal 0.25"),
        Decision(TAGGED, ("Rock",), "Rock 0.60"),
    ),
    "it adds up though the person writes it with a capital": (
        Given("label_map: {metal: Rock}", heard="blues 0.40, rock 0.35, metal 0.25"),
        Decision(TAGGED, ("Rock",), "Rock 0.60"),
    ),
    "it is spelled as the person spells it": (
        Given("label_map: {metal: ROCK}", heard="blues 0.40, rock 0.35, metal 0.25"),
        Decision(TAGGED, ("ROCK",), "ROCK 0.60"),
    ),
    "two spellings of one genre are the first": (
        Given(
            "label_map: {disco: EDM, pop: Edm}", heard="pop 0.40, disco 0.35, blues 0.25"
        ),
        Decision(TAGGED, ("EDM",), "EDM 0.75"),
    ),
    # ignore: labels that are never written, for all or for one artist.
    "an ignored label is not written": (
        Given("ignore: disco", heard="disco 0.83, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; disco 0.83 is not written"),
    ),
    "an ignored label makes room for the next": (
        Given(
            "ignore: disco, count: 2, min_confidence: 0.2",
            heard="rock 0.5, disco 0.3, pop 0.2",
        ),
        Decision(TAGGED, ("Rock", "Pop"), "Rock 0.50, Pop 0.20"),
    ),
    "what is less probable than an ignored label is not meant": (
        Given("ignore: disco, min_confidence: 0.3", heard="disco 0.60, rock 0.40"),
        Decision(
            ABSTAINED,
            None,
            "abstained: rock 0.40 is behind disco 0.60, which is not written",
        ),
    ),
    "labels are ignored whatever their capitals": (
        Given("ignore: [Disco]", heard="DISCO 0.83, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; DISCO 0.83 is not written"),
    ),
    "ignored for one artist": (
        Given("ignore: {ABBA: pop}", artists=["ABBA"], heard="pop 0.83, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; pop 0.83 is not written"),
    ),
    "not ignored for the others": (
        Given("ignore: {ABBA: pop}", artists=["Boney M."], heard="pop 0.83, rock 0.17"),
        Decision(TAGGED, ("Pop",), "Pop 0.83"),
    ),
    "not ignored where no artist is known": (
        Given("ignore: {ABBA: pop}", heard="pop 0.83, rock 0.17"),
        Decision(TAGGED, ("Pop",), "Pop 0.83"),
    ),
    "artists are found whatever their capitals": (
        Given("ignore: {abba: pop}", artists=["ABBA"], heard="pop 0.83, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; pop 0.83 is not written"),
    ),
    "artists are found however accents are written": (
        Given(
            "ignore: {Bj\u00f6rk: pop}",
            artists=["Bjo\u0308rk"],
            heard="pop 0.83, rock 0.17",
        ),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; pop 0.83 is not written"),
    ),
    "artists are found whatever the apostrophe, the hyphen and the spaces": (
        Given(
            "ignore: {Blackmore's Night: pop, A-ha: rock}",
            artists=["Blackmore\u2019s  night", "a\u2010ha"],
            heard="pop 0.83, rock 0.17",
        ),
        Decision(
            ABSTAINED, None, "abstained: every label is ignored or written as nothing"
        ),
    ),
    "labels are found whatever stands between their words": (
        Given("ignore: [hip-hop]", heard="hip hop 0.83, rock 0.17"),
        Decision(
            ABSTAINED, None, "abstained: rock 0.17 < 0.5; hip hop 0.83 is not written"
        ),
    ),
    "one of several artists is enough": (
        Given(
            "ignore: {ABBA: pop}", artists=["Boney M.", "ABBA"], heard="pop 0.83, rock 0.17"
        ),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; pop 0.83 is not written"),
    ),
    "ignored for one artist beside what is ignored for all": (
        Given(
            "ignore: {ABBA: pop, '*': rock}", artists=["ABBA"], heard="pop 0.83, rock 0.17"
        ),
        Decision(
            ABSTAINED, None, "abstained: every label is ignored or written as nothing"
        ),
    ),
    "an ignored label adds nothing to its genre": (
        Given("ignore: metal, label_map: {metal: Rock}", heard="rock 0.40, metal 0.30"),
        Decision(ABSTAINED, None, "abstained: Rock 0.40 < 0.5"),
    ),
    "a genre that a person gave is not ignored": (
        Given(
            "ignore: disco, force: yes, keep_existing: yes, count: 2",
            stands=["Disco"],
            heard="rock 0.83, disco 0.17",
        ),
        Decision(TAGGED, ("Disco", "Rock"), "Rock 0.83 (kept: Disco)"),
    ),
    # All at once.
    "what a person with many wishes gets": (
        Given(
            "force: yes, keep_existing: yes, count: 4, min_confidence: 0.2, "
            "min_margin: 0.1, fallback: Other, ignore: {Ann: blues}, "
            "label_map: {hip hop: [Hip Hop, rap], metal: Rock}",
            stands=["Live"],
            artists=["Ann"],
            heard="hip hop 0.35, rock 0.15, metal 0.1, pop 0.2, blues 0.2",
        ),
        Decision(
            TAGGED,
            ("Live", "Hip Hop", "Rap", "Rock"),
            "Hip Hop 0.35, Rap 0.35, Rock 0.25 (kept: Live)",
        ),
    ),
}


@pytest.mark.parametrize(("situation", "expected"), POLICY.values(), ids=POLICY)
def test_policy(situation: Given, expected: Decision) -> None:
    decision = choose_tags(
        scores_of(situation.heard),
        situation.stands,
        policy_of(situation.configured).for_artists(situation.artists),
        before_us=situation.before_us,
    )

    assert decision == expected


#: The same, where each label has a probability of its own.
MULTI_LABEL_POLICY = {
    "the best is written": (
        Given(heard="rock 0.93, live 0.88"),
        Decision(TAGGED, ("Rock",), "Rock 0.93"),
    ),
    "count lets in all that are sure enough": (
        Given("count: 2", heard="rock 0.93, live 0.88, pop 0.30"),
        Decision(TAGGED, ("Rock", "Live"), "Rock 0.93, Live 0.88"),
    ),
    "sure of few, few are written": (
        Given("count: 3", heard="rock 0.93, live 0.49, pop 0.30"),
        Decision(TAGGED, ("Rock",), "Rock 0.93"),
    ),
    "count is the most": (
        Given("count: 2", heard="rock 0.93, live 0.88, pop 0.80"),
        Decision(TAGGED, ("Rock", "Live"), "Rock 0.93, Live 0.88"),
    ),
    "sure of none abstains": (
        Given("count: 2", heard="rock 0.49, live 0.48, pop 0.47"),
        Decision(ABSTAINED, None, "abstained: rock 0.49 < 0.5"),
    ),
    # min_margin: nothing is a rival.
    "a close second is no rival": (
        Given("min_margin: 0.5", heard="rock 0.93, live 0.92"),
        Decision(TAGGED, ("Rock",), "Rock 0.93"),
    ),
    "an equal second is no rival": (
        Given("min_margin: 0.5, count: 2", heard="rock 0.93, live 0.93"),
        Decision(TAGGED, ("Rock", "Live"), "Rock 0.93, Live 0.93"),
    ),
    "a model of one label": (
        Given("min_margin: 1", heard="rock 0.60"),
        Decision(TAGGED, ("Rock",), "Rock 0.60"),
    ),
    # label_map: labels that may both be right do not add up.
    "two labels that mean one genre are as probable as the better one": (
        Given(
            "label_map: {disco: Dance, pop: Dance}", heard="rock 0.70, disco 0.60, pop 0.55"
        ),
        Decision(TAGGED, ("Rock",), "Rock 0.70"),
    ),
    "so both may be too little": (
        Given("label_map: {disco: Dance, pop: Dance}", heard="disco 0.45, pop 0.40"),
        Decision(ABSTAINED, None, "abstained: Dance 0.45 < 0.5"),
    ),
    "never more than certain": (
        Given("label_map: {metal: Rock}", heard="metal 0.96, rock 0.93"),
        Decision(TAGGED, ("Rock",), "Rock 0.96"),
    ),
    "one label of the genre may be ignored": (
        Given("ignore: metal, label_map: {metal: Rock}", heard="metal 0.96, rock 0.83"),
        Decision(TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "several genres, each as probable as the label": (
        Given("label_map: {hip hop: [Hip Hop, Rap]}, count: 2", heard="hip hop 0.83"),
        Decision(TAGGED, ("Hip Hop", "Rap"), "Hip Hop 0.83, Rap 0.83"),
    ),
    # ignore: what is not written says nothing against what is.
    "a more probable label that is ignored is no rival": (
        Given("ignore: live", heard="live 0.97, rock 0.93"),
        Decision(TAGGED, ("Rock",), "Rock 0.93"),
    ),
    "a more probable label that is written as nothing is no rival": (
        Given("label_map: {live: }, min_margin: 0.3", heard="live 0.97, rock 0.93"),
        Decision(TAGGED, ("Rock",), "Rock 0.93"),
    ),
    "an ignored label is named where nothing else is sure": (
        Given("ignore: live", heard="live 0.97, rock 0.17"),
        Decision(ABSTAINED, None, "abstained: rock 0.17 < 0.5; live 0.97 is not written"),
    ),
    "all is ignored": (
        Given("ignore: [live, rock]", heard="live 0.97, rock 0.93"),
        Decision(
            ABSTAINED, None, "abstained: every label is ignored or written as nothing"
        ),
    ),
    # All else is as it was.
    "a genre stays": (
        Given(stands=["Pop"], heard="rock 0.93, live 0.88"),
        Decision(HAD_GENRE, None, "already Pop"),
    ),
    "force agrees with both": (
        Given(
            "force: yes, count: 2", stands=["Rock", "Live"], heard="rock 0.93, live 0.88"
        ),
        Decision(UNCHANGED, None, "Rock 0.93, Live 0.88"),
    ),
    "what stands is kept, and what it lacks is added": (
        Given(
            "force: yes, keep_existing: yes, count: 3",
            stands=["Live"],
            heard="rock 0.93, live 0.88, pop 0.60",
        ),
        Decision(TAGGED, ("Live", "Rock", "Pop"), "Rock 0.93, Pop 0.60 (kept: Live)"),
    ),
    "unsure of an empty one gives the fallback": (
        Given("fallback: Other", heard="rock 0.31, live 0.30"),
        Decision(FALLBACK, ("Other",), "Other, the fallback (rock 0.31 < 0.5)"),
    ),
}


@pytest.mark.parametrize(
    ("situation", "expected"), MULTI_LABEL_POLICY.values(), ids=MULTI_LABEL_POLICY
)
def test_policy_of_a_multi_label_model(situation: Given, expected: Decision) -> None:
    decision = choose_tags(
        scores_of(situation.heard),
        situation.stands,
        policy_of(situation.configured).for_artists(situation.artists),
        before_us=situation.before_us,
        multi_label=True,
    )

    assert decision == expected


def policy_of(configured: str) -> Policy:
    """Read options as beets reads them from a configuration file."""
    options = yaml_util.load_yaml_string(f"{{{configured}}}", "a row of the table")
    config = confuse.Configuration("genreclf-test", read=False)
    config["genreclf"].set(options)
    config["genreclf"].add({**DEFAULTS, "min_confidence": MIN_CONFIDENCE})
    return read_options(config["genreclf"]).policy


def scores_of(heard: str) -> dict[str, float]:
    pairs = (part.rsplit(" ", 1) for part in heard.split(", "))
    return {label: float(probability) for label, probability in pairs}


DOUBTS = {
    "improbable": "min_confidence: 0.95",
    "a small lead": "min_margin: 0.95",
    "the best is ignored": "ignore: rock, min_confidence: 0",
    "the best is written as nothing": "label_map: {rock: }, min_confidence: 0",
    "all is ignored": "ignore: [rock, pop]",
    "all is ignored for the artist": "ignore: {Ann: [rock, pop]}",
}
WISHES = {
    "force": "",
    "fallback": "fallback: Other",
    "count": "count: 3",
    "keep_existing": "keep_existing: yes, count: 3",
    "keep_existing without room": "keep_existing: yes, count: 1",
    "all": "keep_existing: yes, count: 3, fallback: Other, title_case: no",
}


@pytest.mark.parametrize("before_us", [None, [], ["Soul"]], ids=["theirs", "ours", "both"])
@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_doubt_never_erases(doubt: str, wishes: str, before_us: list[str] | None) -> None:
    configured = ", ".join(filter(None, ["force: yes", doubt, wishes]))

    decision = choose_tags(
        {"rock": 0.9, "pop": 0.1},
        ["Soul", "Pop"],
        policy_of(configured).for_artists(["Ann"]),
        before_us=before_us,
    )

    assert (decision.outcome, decision.genres) == (ABSTAINED, None)


class Case(NamedTuple):
    """One of all combinations, and what was decided."""

    policy: Policy
    stands: tuple[str, ...]
    before_us: tuple[str, ...] | None
    heard: str
    decision: Decision

    @property
    def written(self) -> tuple[str, ...]:
        return self.decision.genres or ()

    @property
    def persons(self) -> tuple[str, ...]:
        """The genres that stand there and are not ours."""
        theirs = self.stands if self.before_us is None else self.before_us
        return tuple(genre for genre in theirs if genre.strip())


#: what stands, and the genres before us if it is ours
STANDING: list[tuple[tuple[str, ...], tuple[str, ...] | None]] = [
    ((), None),
    (("", " "), None),
    (("Soul",), None),
    (("rock", "", "Live"), None),
    (("Rock",), ()),
    (("Soul", "Rock"), ("Soul",)),
    (("Pop",), ("Funk", "Soul", "rock")),
]
HEARD = ["rock 0.9, pop 0.06, metal 0.04", "rock 0.36, pop 0.34, metal 0.3", "pop 1.0"]
GRID: dict[str, Sequence[Any]] = {
    "force": (False, True),
    "keep_existing": (False, True),
    "count": (1, 2, 5),
    "min_confidence": (0.0, 0.35, 0.95),
    "min_margin": (0.0, 0.05),
    "fallback": (None, "other"),
    "title_case": (False, True),
    "label_map": (
        {},
        {"rock": ()},
        {"metal": ("Rock",)},
        {"rock": ("rock", "ROCK", "Live"), "pop": ("Pop", "Soul")},
    ),
    "ignore": (
        {},
        {"*": frozenset({"rock"})},
        {"ann": frozenset({"rock", "pop", "metal"})},
    ),
}


@pytest.fixture(scope="module", params=[False, True], ids=["exclusive", "multi-label"])
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """Decide about everything under every policy."""
    policies = [
        Policy(**dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())
    ]
    return [
        Case(
            policy,
            stands,
            before_us,
            heard,
            choose_tags(
                scores_of(heard),
                stands,
                policy.for_artists(["Ann"]),
                before_us=before_us,
                multi_label=request.param,
            ),
        )
        for heard, (stands, before_us), policy in product(HEARD, STANDING, policies)
    ]


def is_doubled(case: Case) -> bool:
    added = [genre.casefold() for genre in case.written if genre not in case.persons]
    kept = {genre.casefold() for genre in case.written if genre in case.persons}
    return len(added) != len(set(added) - kept)


NEVER: dict[str, Callable[[Case], bool]] = {
    "erases": lambda case: case.decision.genres == (),
    "writes a blank": lambda case: not all(genre.strip() for genre in case.written),
    "writes what it abstains from": lambda case: (
        case.decision.outcome in (ABSTAINED, HAD_GENRE, UNCHANGED)
        and case.decision.genres is not None
    ),
    "says that it wrote, and writes nothing": lambda case: (
        case.decision.outcome in (TAGGED, FALLBACK) and not case.written
    ),
    "calls the same genres a change": lambda case: (
        bool(case.written) and case.written == case.stands
    ),
    "touches a genre without force": lambda case: (
        bool(case.written) and has_genre(case.stands) and not case.policy.force
    ),
    "drops or moves a genre that is to be kept": lambda case: (
        bool(case.written)
        and case.policy.keep_existing
        and case.written[: len(case.persons)] != case.persons
    ),
    "writes more than count, beyond what is kept": lambda case: (
        len(case.written)
        > max(case.policy.count, len(case.persons) * case.policy.keep_existing)
    ),
    "doubles a genre": is_doubled,
    "gives no reason": lambda case: not case.decision.reason.strip(),
}


@pytest.mark.parametrize("is_wrong", NEVER.values(), ids=NEVER)
def test_whatever_is_configured_it_never(
    cases: list[Case], is_wrong: Callable[[Case], bool]
) -> None:
    # One is enough to read; there may be thousands.
    assert next(filter(is_wrong, cases), None) is None


def test_all_combinations_come_to_all_outcomes(cases: list[Case]) -> None:
    # Or the test before this one would prove little.
    assert {case.decision.outcome for case in cases} == {
        TAGGED,
        ABSTAINED,
        FALLBACK,
        UNCHANGED,
        HAD_GENRE,
    }


@pytest.mark.parametrize(
    ("genres", "expected"),
    [([], False), ([""], False), (["", "  "], False), (["x"], True), (["", "x"], True)],
)
def test_has_genre(genres: list[str], expected: bool) -> None:
    assert has_genre(genres) is expected


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        pytest.param([], None, id="no track"),
        pytest.param([([], 1.0), ([""], 1.0)], None, id="no genre"),
        pytest.param([(["Rock"], 0.5)], "Rock", id="one track"),
        pytest.param(
            [(["Pop"], 0.7), (["Rock"], 0.6), (["Rock"], 0.6)], "Rock", id="majority"
        ),
        pytest.param([(["Pop"], 1.0), (["Rock"], 1.0)], None, id="a tie"),
        pytest.param(
            [(["Country"], 0.6), *[([], 0.3)] * 5], None, id="one track names no album"
        ),
        pytest.param(
            [(["Rock"], 0.9), (["Rock"], 0.9), ([], 0.5)], "Rock", id="one abstained"
        ),
        pytest.param([(["Rock"], 0.9), ([], 0.0)], "Rock", id="speech does not count"),
        pytest.param(
            [(["Pop", "Soul"], 1.0), (["Soul"], 1.0)], "Soul", id="every genre counts"
        ),
        pytest.param(
            [(["B"], 0.828), (["B"], 0.921), (["A"], 0.921), (["A"], 0.828)],
            None,
            id="a tie in another order",
        ),
        pytest.param(
            [*[(["Hip-Hop"], 1.0)] * 2, *[(["Hip Hop"], 0.9)] * 2, (["Rock"], 0.9)],
            "Hip-Hop",
            id="spellings are one genre",
        ),
        pytest.param([(["Pop", "Pop"], 0.5), (["Soul"], 0.6)], "Soul", id="but once"),
    ],
)
def test_album_genre(tracks: list[tuple[list[str], float]], expected: str | None) -> None:
    assert choose_album_genre(tracks) == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([], "0 tagged, 0 abstained, 0 unreadable", id="nothing happened"),
        pytest.param(
            [TAGGED, TAGGED, ABSTAINED], "2 tagged, 1 abstained, 0 unreadable", id="counts"
        ),
        pytest.param(
            [UNCHANGED, HAD_GENRE, FALLBACK, Outcome.UNREADABLE],
            "0 tagged, 0 abstained, 1 unreadable, 1 given the fallback, 1 unchanged, "
            "1 already had a genre",
            id="others where there are any, in a fixed order",
        ),
    ],
)
def test_summary(outcomes: list[Outcome], expected: str) -> None:
    assert Tally(outcomes).summary() == expected


def test_summary_of_another_mode() -> None:
    tally = Tally([Outcome.NOT_OURS, Outcome.NOT_OURS])

    assert (
        tally.summary(always=[Outcome.REVERTED]) == "2 not written by genreclf, 0 reverted"
    )


def test_what_cannot_be_read_or_written_has_failed() -> None:
    tally = Tally([*Outcome, Outcome.UNREADABLE])

    assert tally.failures() == 3
