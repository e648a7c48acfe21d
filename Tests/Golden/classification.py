#!/usr/bin/env python3
"""Writes classification.json, the golden values of ClassificationReportTests: what scikit-learn and SciPy make of random
logits.

Needs scikit-learn (made with 1.9, SciPy 1.17). Logits are multiples of a fraction, a large one where scores are to tie.
In some cases the last class never occurs, the first has no samples, or the second is never predicted. A figure that is
0/0 is null for a class; in an average it counts as 0, which is what zero_division=0 does.
"""

import json
import pathlib

import numpy as np
from scipy.special import softmax
from sklearn import metrics

# Classes, samples, the logits' unit as a part of 1, and what is left out.
CASES = [(2, 60, 4, ""), (2, 45, 512, ""), (2, 20, 64, "one label"), (3, 50, 512, "predictions of 1"),
         (7, 70, 512, "last"), (7, 30, 512, "labels of 0"), (12, 90, 4096, ""), (26, 60, 4096, "last")]


def figures(actual, predicted, **options):
    found = metrics.precision_recall_fscore_support(actual, predicted, **options)[:3]
    return [[None if np.isnan(x) else float(x) for x in np.atleast_1d(row)] for row in found]


def case(classes, samples, parts, without, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, samples)
    logits = random.normal(0, 1.5, (samples, classes))
    logits[np.arange(samples), labels] += 1.5
    if without == "one label":
        labels[:] = 1
    if without == "last":
        labels[labels == classes - 1] = 0
        logits[:, -1] = -20
    if without == "labels of 0":
        labels[labels == 0] = 2
    if without == "predictions of 1":
        logits[:, 1] = -9
    logits = (np.round(logits * parts) / parts).astype(np.float32)
    predicted, probabilities = logits.argmax(1), softmax(logits.astype(np.float64), axis=1)
    every = range(classes)
    precision, recall, f1 = figures(labels, predicted, labels=every, zero_division=np.nan)
    macro = [row[0] for row in figures(labels, predicted, average="macro", zero_division=0)]
    both = classes == 2 and len(set(labels)) == 2
    return {
        "classes": classes, "labels": labels.tolist(), "logits": logits.reshape(-1).tolist(),
        "probabilities": probabilities.reshape(-1).tolist(),
        "precision": precision, "recall": recall, "f1": f1, "macro": macro,
        "accuracy": metrics.accuracy_score(labels, predicted),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=every).tolist(),
        "auc": metrics.roc_auc_score(labels, probabilities[:, 1]) if both else None,
        "top_five": metrics.top_k_accuracy_score(labels, probabilities, k=5, labels=every) if classes > 10 else None,
    }


def main():
    cases = [case(*values, seed) for seed, values in enumerate(CASES)]
    text = json.dumps(cases, separators=(",", ":")).replace('{"classes"', '\n{"classes"')
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


if __name__ == "__main__":
    main()
