"""Tables of genres as the papers print them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Paper 000, table 1: true genre (row) and predicted genre (column), in the order of
#: ``gtzan.GENRES`` [shape=(10, 10), clips].
ZHANG_TABLE_1 = np.array(
    [
        [5, 0, 3, 0, 1, 1, 0, 0, 0, 10],
        [0, 15, 0, 0, 0, 0, 0, 0, 0, 0],
        [2, 0, 4, 1, 2, 1, 1, 0, 0, 9],
        [0, 0, 1, 8, 2, 0, 0, 3, 1, 0],
        [1, 0, 2, 1, 5, 0, 0, 1, 0, 5],
        [0, 0, 0, 0, 0, 18, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 12, 0, 0, 7],
        [0, 0, 0, 2, 1, 0, 0, 14, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 10, 0],
        [3, 0, 2, 0, 1, 0, 4, 0, 0, 10],
    ]
)

#: Paper 002, table V, "New Songs Test" in percent, by network and seconds of a segment.
CAPOBIANCO_NEW_SONGS = {
    ("Base", 30): 30.0,
    ("Extended", 30): 45.0,
    ("Transfer", 30): 57.5,
    ("Base", 10): 46.67,
    ("Extended", 10): 42.5,
    ("Transfer", 10): 59.17,
    ("Base", 3): 59.17,
    ("Extended", 3): 47.5,
    ("Transfer", 3): 44.0,
    ("Base", 1): 49.5,
    ("Extended", 1): 43.75,
    ("Transfer", 1): 46.5,
}


@dataclass(frozen=True)
class PrintedReport:
    """Precision, recall and F1 by genre, in the order of ``gtzan.GENRES``.

    Attributes:
        precision: rounded to two digits [shape=(n_genres,)].
        recall: of each genre.
        f1: of each genre.
        averages: of the three, as printed.
        support: test clips [shape=(n_genres,)]; empty where they are not printed.
    """

    precision: tuple[float, ...]
    recall: tuple[float, ...]
    f1: tuple[float, ...]
    averages: tuple[float, float, float]
    support: tuple[int, ...] = ()


#: Paper 000, figure 8; averages as "macro avg".
ZHANG_FIGURE_8 = PrintedReport(
    precision=(0.64, 1.00, 0.81, 0.52, 0.43, 0.79, 0.62, 0.54, 0.56, 0.39),
    recall=(0.70, 0.92, 0.63, 0.52, 0.60, 0.86, 0.80, 0.54, 0.39, 0.33),
    f1=(0.67, 0.96, 0.71, 0.52, 0.50, 0.83, 0.70, 0.54, 0.46, 0.36),
    averages=(0.63, 0.63, 0.62),
    support=(20, 13, 27, 21, 15, 22, 25, 13, 23, 21),
)
#: Paper 004, figure 5; averages as "avg / total", which scikit-learn 0.19 and older
#: printed for averages weighted by support.
CAO_FIGURE_5 = PrintedReport(
    precision=(0.80, 0.95, 0.75, 0.70, 0.84, 0.96, 0.71, 0.76, 0.72, 0.65),
    recall=(0.75, 0.95, 0.86, 0.79, 0.76, 0.88, 0.77, 0.76, 0.81, 0.50),
    f1=(0.77, 0.95, 0.80, 0.74, 0.80, 0.92, 0.74, 0.76, 0.76, 0.56),
    averages=(0.79, 0.79, 0.78),
)
