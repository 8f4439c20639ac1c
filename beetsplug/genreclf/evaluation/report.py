"""The report of ``beet genreclf-eval``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import genre_model
from beetsplug.genreclf.evaluation.confusion_table import confusion_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beetsplug.genreclf.evaluation.evaluation import Answer
    from beetsplug.genreclf.policy.label_issues import Doubt
    from genre_model import Judgement


@dataclass(frozen=True)
class Report:
    """What there is to say of a model.

    Attributes:
        model_id: the model.
        answers: what it says of the tracks.
        judgement: the same, beside the truth.
        leaks: why the score means less than it seems to.
        left_out: why other tracks do not count.
        doubts: of whose genres the model thinks otherwise, worst first.
    """

    model_id: str
    answers: Sequence[Answer]
    judgement: Judgement
    leaks: Sequence[str]
    left_out: Sequence[str]
    doubts: Sequence[Doubt]

    def headline(self) -> Iterator[str]:
        """Say how good the model is, and whether that can be believed."""
        numbers = self.judgement.numbers()
        low, high = numbers["interval_95"]
        n_tracks = numbers["n_tracks"]
        yield (
            f"{self.model_id}: {n_tracks} track{'' if n_tracks == 1 else 's'}, "
            f"accuracy {numbers['accuracy']:.3f} "
            f"(95 % interval {low:.3f} to {high:.3f}), "
            f"macro-F1 {numbers['macro_f1']:.3f}, {numbers['top_3']:.3f} in the top 3"
        )
        for leak in self.leaks:
            yield f"  LEAKY: {leak}; expect less on other tracks"

    def details(self, n_doubts: int) -> Iterator[str]:
        """Say which tracks were judged how, where the model errs, and what to look at.

        Args:
            n_doubts: tracks to name.
        """
        yield from self._tracks()
        yield ""
        questions = [answer.question for answer in self.answers]
        yield from genre_model.judgement_lines(self.judgement, questions)
        yield ""
        yield from confusion_lines(self.judgement)
        if shown := self.doubts[:n_doubts]:
            yield ""
            yield f"{len(shown)} of {len(self.doubts)} disagreements, worst first:"
            yield from (doubt.line() for doubt in shown)

    def _tracks(self) -> Iterator[str]:
        if n_trained := sum(answer.from_before for answer in self.answers):
            yield (
                f"  {n_trained} of these tracks trained the model; they are judged by "
                "what was said of them before"
            )
        for reason in self.left_out:
            yield f"  left out: {reason}"
