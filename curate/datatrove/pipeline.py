"""The stages of an s1 recipe that need no model, as a datatrove pipeline.

    python pipeline.py [--executor local|slurm|ray] [--tasks N] [--partition P --time T]    runs it
    python pipeline.py --counts                                                            prints a line of JSON a stage

recipe.json beside this file says what to do. Written for datatrove 0.10.1 (requirements.txt). Stages that look at one row run in
as many tasks as there are files, up to --tasks; from the first one on that compares rows (dedup), one task sees all of them in
their order. datatrove's own deduplication hashes a normalised text and keeps any row of equal ones, where s1 keeps the first of
those whose question is equal to the byte, so the rules here are s1's, on datatrove's classes.
"""

import argparse
import json
import math
import os
import re

from datatrove.data import DocumentsPipeline
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "recipe.json")) as f:
    RECIPE = json.load(f)

FIELDS = RECIPE["fields"]  # ours -> the names under which a row may have it, the first one counts
PAIRS = RECIPE["pairs"]  # of a thought and the same model's answer, the first of which both are there counts
LONGEST_FEATURE = 200  # bytes of a text
LONGEST_QUESTION = 1 << 20  # bytes


def as_text(value):
    """A number is text too, a truth value is not."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return json.dumps(value)
    return None


def field_text(ours, value):
    """A field as text, None where it is of a wrong type; a thought may be a list of texts."""
    if ours == "trace" and isinstance(value, list):
        return "\n".join(value) if all(isinstance(part, str) for part in value) else None
    if ours == "metadata" and as_text(value) is None:
        return json.dumps(value)
    return as_text(value)


def pair_of(row):
    """The names under which a row has its thought and the answer to it, "" where it has none."""

    def has(ours, name):
        value = row.get(name)
        text = field_text(ours, value)
        return value is not None and (text is None or text.strip() != "")

    trace = attempt = ""
    for t, a in PAIRS:
        if has("trace", t) and has("attempt", a):
            return t, a
        if has("trace", t):
            trace = trace or t
        elif has("attempt", a):
            attempt = attempt or a
    return (trace, "") if trace else ("", attempt)


def adapt(self, row, path, number):
    """Makes a document of a row; one without a question has no text, and is passed over by the reader."""
    taken, found = set(), {}
    use = {ours: next((n for n in names if row.get(n) is not None), "") for ours, names in FIELDS.items()}
    use["trace"], use["attempt"] = pair_of(row)
    for ours, name in use.items():
        if not name:
            continue
        taken.add(name)
        found[ours] = field_text(ours, row[name])
        if found[ours] is None:
            return {"text": "", "id": "", "metadata": {}}  # of a wrong type
    question = found.get("question", "")
    if not question.strip() or len(question.encode()) > LONGEST_QUESTION:
        return {"text": "", "id": "", "metadata": {}}
    features = {}
    for key, value in row.items():
        if key in taken or key == "id":
            continue
        if isinstance(value, (bool, int)) or isinstance(value, float) and not math.isnan(value):
            features[key] = value
        elif isinstance(value, str) and len(value.encode()) <= LONGEST_FEATURE:
            features[key] = value
    features["has_solution"] = found.get("solution", "") != ""
    features["has_answer"] = found.get("attempt", "").strip() != ""
    features["trace_words"] = len(found.get("trace", "").split())
    place = RECIPE["files"].index("/" + path.lstrip("/"))
    meta = {"features": features, "place": [place, number], "row": found}
    return {"text": question, "id": f"{place}/{number}", "metadata": meta}


class Rule(BaseFilter):
    """One stage over one row; check gives the rule that the row breaks, or ""."""

    def __init__(self, stage):
        self.name = stage["name"]
        super().__init__()
        self.settings = stage

    def filter(self, doc):
        broken = self.check(doc)
        return (False, broken) if broken else True


class Complete(Rule):
    def check(self, doc):
        features = doc.metadata["features"]
        for name in self.settings["features"]:
            if name == "solution":
                there = features["has_solution"]
            elif name == "answer":
                there = features["has_answer"]
            elif name == "trace":
                there = features["trace_words"] > 0
            else:
                there = name in features
            if not there:
                return "missing"
        return ""


class Clean(Rule):
    def check(self, doc):
        q = doc.text
        if "[asy]" in q:
            return "" if "AIME" in doc.metadata["row"].get("source_type", "") else "asy"
        if "![Image]" in q:
            return "image"
        if re.search(r"p[1-9][0-9]{0,2}\.", q):
            return "numbered"
        if re.search(r"\*\*(?=.*\d)[^\s\]]*\*\*", q):
            return "bold-number"
        return ""


def grams(text, n):
    words = text.lower().split()
    return (" ".join(words[i : i + n]) for i in range(len(words) - n + 1))


class Decontaminate(Rule):
    def __init__(self, stage):
        super().__init__(stage)
        self.tests = None  # read in the task, not carried to it

    def check(self, doc):
        n = self.settings["ngram"]
        if self.tests is None:
            self.tests = set()
            for path in self.settings["tests"]:
                with open(path) as lines:
                    for line in lines:
                        if line.strip():
                            row = json.loads(line)
                            names = ("question", "problem", "prompt", "Question")
                            self.tests.update(grams(next(row[k] for k in names if row.get(k)), n))
        return "n-gram" if any(g in self.tests for g in grams(doc.text, n)) else ""


class Dedup(Rule):
    """Needs all rows, in their order, in one task."""

    def __init__(self, stage):
        super().__init__(stage)
        self.seen = set()

    def check(self, doc):
        if doc.text in self.seen:
            return "exact"
        self.seen.add(doc.text)
        return ""


class Difficulty(Rule):
    def check(self, doc):
        return "too-easy" if any(doc.metadata["features"].get(name) is True for name in self.settings["solved"]) else ""


class InOrder(PipelineStep):
    """Puts the rows of all tasks into the order of the files."""

    name = "order"
    type = "s1"

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        yield from sorted(data, key=lambda doc: doc.metadata["place"])


STAGES = {"complete": Complete, "clean": Clean, "decontaminate": Decontaminate, "dedup": Dedup, "difficulty": Difficulty}


def phases():
    """The stages up to the first that compares rows, and the others."""
    names = [s["name"] for s in RECIPE["stages"]]
    at = names.index("dedup") if "dedup" in names else len(names)
    return RECIPE["stages"][:at], RECIPE["stages"][at:]


def steps(stages):
    return [STAGES[s["name"]](s) for s in stages]


def executor(a, pipeline, tasks, logs, depends):
    logs = os.path.join(HERE, "logs", logs)
    if a.executor == "slurm":
        from datatrove.executor.slurm import SlurmPipelineExecutor

        return SlurmPipelineExecutor(
            pipeline, tasks=tasks, time=a.time, partition=a.partition, job_name="s1-curate", logging_dir=logs, depends=depends
        )
    if a.executor == "ray":
        from datatrove.executor.ray import RayPipelineExecutor

        return RayPipelineExecutor(pipeline, tasks=tasks, logging_dir=logs, depends=depends)
    return LocalPipelineExecutor(pipeline, tasks=tasks, logging_dir=logs, depends=depends)


def counts():
    """What each stage kept and dropped by which rule, from datatrove's own statistics."""
    for phase, stages in zip(("rows", "all"), phases()):
        with open(os.path.join(HERE, "logs", phase, "stats.json")) as f:
            stats = json.load(f)
        for stage in stages:
            got = next(s["stats"] for s in stats if s["name"].endswith(": " + stage["name"]))
            value = {k: v["total"] if isinstance(v, dict) else v for k, v in got.items()}
            dropped = {k[len("dropped_") :]: v for k, v in value.items() if k.startswith("dropped_")}
            total = value.get("total", 0)
            print(json.dumps({"stage": stage["name"], "in": total, "kept": value.get("forwarded", 0), "dropped": dropped}))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--executor", choices=("local", "slurm", "ray"), default=RECIPE["executor"])
    p.add_argument("--tasks", type=int, default=len(RECIPE["files"]))
    p.add_argument("--partition", default="normal", help="of SLURM")
    p.add_argument("--time", default="02:00:00", help="of SLURM, for a task")
    p.add_argument("--counts", action="store_true", help="only print the counts of a run that is done")
    a = p.parse_args()
    if a.counts:
        return counts()
    paths = os.path.join(HERE, "paths.txt")
    with open(paths, "w") as f:
        f.writelines(path.lstrip("/") + "\n" for path in RECIPE["files"])
    alone, together = phases()
    rows, kept = os.path.join(HERE, "rows"), os.path.join(HERE, "kept")
    reader = JsonlReader("/", paths_file=paths, adapter=adapt, add_file_path=False)
    first = executor(a, [reader, *steps(alone), JsonlWriter(rows)], max(1, min(a.tasks, len(RECIPE["files"]))), "rows", None)
    second = executor(a, [JsonlReader(rows), InOrder(), *steps(together), JsonlWriter(kept)], 1, "all", first)
    second.run()
    if a.executor == "local":
        counts()


if __name__ == "__main__":
    main()
