"""One distillation, from recordings to a model file."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.atomic_file import write_atomically
from genre_model.batch import for_each_file
from genre_model.errors import TrainingDataError
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.features.segments import Segments
from genre_model.model.card import Card
from genre_model.model.model_file import model_from_bytes, with_card
from genre_model.training.data.gtzan import track_id_of_name
from genre_model.training.distillation.recordings import NOT_MUSIC, split_recordings
from genre_model.training.distillation.student import (
    check_recipe,
    order_outputs,
    student_network,
    train_student,
)
from genre_model.training.distillation.teachers import (
    ExampleStore,
    mean_logits,
    recordings_hash,
)
from genre_model.training.export import check_parity, check_weights
from genre_model.training.networks import count_parameters
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from genre_model.model.model_file import Model
    from genre_model.training.distillation.recordings import Recording
    from genre_model.training.distillation.teachers import Examples, Teachers
    from genre_model.training.recipe import Recipe

LICENCE = (
    "The weights are under the MIT licence. They were computed from the outputs of mn04 "
    "(EfficientAT, MIT) and of the taggers of Won et al. (sota-music-tagging-models, MIT), "
    "none of whose weights are among them; no audio can be recovered from them."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Distillation:
    """The settings of a distillation.

    Attributes:
        name: of the model.
        recipe: of the student.
        recordings: to learn from; some of them are held out.
        n_examples: excerpts that the teachers score.
        seed: of everything that is random.
        out: folder of examples, checkpoint and model.
        rejected: genres that the model recognises, but must not name.
    """

    name: str
    recipe: Recipe
    recordings: Sequence[Recording]
    n_examples: int
    seed: int
    out: Path
    rejected: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """Return what the card says of the training."""
        names = [one.path.name for one in self.recordings]
        return {
            "recipe": self.recipe.name,
            "recipe_hash": self.recipe.settings_hash,
            "seed": self.seed,
            "n_examples": self.n_examples,
            "recordings": dict(Counter(one.label or "music" for one in self.recordings)),
            "track_ids": sorted(set(filter(None, map(track_id_of_name, names)))),
        }


def distil(plan: Distillation, teachers: Teachers, n_threads: int) -> Path:
    """Score excerpts with the teachers, train the student and write its model file.

    The results of an interrupted run are used again.

    Raises:
        TrainingDataError: if the folder holds another run, or recordings are unreadable.
        ModelFileError: if the model file computes other logits than torch.
    """
    run, settings = RunFolder(plan.out), plan.settings()
    outputs = (*teachers.genres, NOT_MUSIC)
    check_recipe(plan.recipe, len(outputs))
    rejected = tuple(name for name in outputs if name in {*plan.rejected, NOT_MUSIC})
    genres = tuple(name for name in outputs if name not in rejected)
    if not genres:
        raise TrainingDataError("--reject leaves no genre to name")
    identity = {"name": plan.name, "outputs": [genres, rejected]}
    identity["recordings"] = recordings_hash(plan.recordings)
    with run.in_use():
        run.start({"recipe": asdict(plan.recipe), "training": settings} | identity)
        if run.is_complete:
            log.info("%s is complete", run.path)
            return run.model_path
        front_end = plan.recipe.front_end
        store = ExampleStore(run.path / "examples", front_end, teachers, n_threads)
        learned, held_out = split_recordings(plan.recordings)
        others = store.unchanged(held_out)
        examples = store.drawn(learned, plan.n_examples, plan.seed)
        log.info("%d examples of %d recordings", len(examples), len(learned))
        network = train_student(plan.recipe, examples, plan.seed, run)
        check_weights(network, run.path)
        order_outputs(network, [outputs.index(name) for name in (*genres, *rejected)])
        content = student_network(network, examples.segments.shape[1:])
        card = Card(
            name=plan.name,
            genres=genres,
            front_end=front_end,
            temperature=1.0,
            training=settings
            | {
                "n_parameters": count_parameters(network),
                "recordings_heard": recordings_heard(learned, n_threads),
            },
            licence=LICENCE,
            pool_logits=True,
            rejected=rejected,
        )
        model = model_from_bytes(with_card(content, card))
        check_parity(network, model, run.model_path)
        write_atomically(run.model_path, model.content)
        run.remove_checkpoint()
    log.info(
        "agrees with its teachers on %.1f %% of %d held-out recordings",
        100 * agreement(model, others, teachers.genres),
        len(others),
    )
    return run.model_path


def recordings_heard(
    recordings: Sequence[Recording], n_threads: int
) -> list[tuple[float, str]]:
    """Return length and fingerprint of all music, by which it is recognised later."""
    paths = [one.path for one in recordings if one.label != NOT_MUSIC]
    outcomes = for_each_file(fingerprint_file, paths, n_threads=n_threads)
    results = [outcome.result for outcome in outcomes if outcome.result is not None]
    return sorted((round(seconds, 2), text) for seconds, text in results)


def agreement(model: Model, examples: Examples, outputs: Sequence[str]) -> float:
    """Return how often a student and its teachers find the same genre most probable."""
    starts = np.zeros(1, np.int64)
    logits = np.concatenate(
        [
            model.scorer.score(Segments(values[np.newaxis], starts)).logits
            for values in examples.segments.astype(np.float32)
        ]
    )
    names = (*model.card.genres, *model.card.rejected)
    columns = [names.index(name) for name in outputs]
    same = logits[:, columns].argmax(axis=1) == mean_logits(examples.logits).argmax(axis=1)
    return float(same.mean())
