"""Labels of a folder's pictures: `python -m edgepose.training.teacher PICTURES TEACHERS -o labels.json.gz`.

PICTURES holds manifest.json (a list of {file, source, licence, may_teach}; pictures without may_teach are left out), or
is a plain folder of pictures. TEACHERS holds the networks' files. What was done is kept in --cache, so a run that was
stopped goes on; labels of the pictures so far are written every few minutes and at the end.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from edgepose.errors import EdgePoseError
from edgepose.files import sha256_of
from edgepose.pictures import read_image
from edgepose.training.teacher.cache import LookCache, recipe_key
from edgepose.training.teacher.fused import FusedTeacher, LookOptions, teacher_files
from edgepose.training.teacher.judge import JudgeOptions, sight_of
from edgepose.training.teacher.labels import LabelFile, Labelled, read_labels, write_labels
from edgepose.training.teacher.pictures import Entry, entries

WRITE_S = 240.0
SAY_S = 10.0


def main(arguments: list[str] | None = None) -> int:
    """0 when all pictures are labelled, 1 with a sentence when not, 130 when interrupted."""
    args = parser().parse_args(arguments)
    try:
        chosen = entries(args.pictures, args.folders, args.at_most)
        label(chosen, args)
    except EdgePoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(
        "python -m edgepose.training.teacher",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("pictures", type=Path)
    made.add_argument("teachers", type=Path)
    made.add_argument("-o", "--output", type=Path, required=True, help="the labels: .json or .json.gz")
    made.add_argument("--cache", type=Path, default=Path("out/looks"), help="default: out/looks")
    made.add_argument("--blazepose", type=Path, help="pose_landmark_heavy.tflite, for people who lie")
    made.add_argument("--folders", nargs="+", help="only pictures whose path has one of these words, in this order")
    made.add_argument(
        "--at-most", nargs="+", default=[], metavar="WORD=N", help="N pictures with this word in their path"
    )
    made.add_argument(
        "--kept-only", action="store_true", help="leave out pictures that are neither in the cache nor known"
    )
    made.add_argument("--known", type=Path, help="labels made before; their pictures are not looked at again")
    made.add_argument("--threads", type=int, default=1, help="threads of each network; 0 leaves it to the runtime")
    return made


def label(chosen: list[Entry], args: argparse.Namespace) -> None:
    """Look at all of them and write the labels."""
    options, judge = LookOptions(), JudgeOptions()
    files = teacher_files(args.teachers, args.blazepose)
    key, digests = recipe_key(options, files), {path.name: sha256_of(path) for path in files}
    cache = LookCache(args.cache, key)
    known = _known(args.known, key)
    teacher = None if args.kept_only else FusedTeacher(args.teachers, args.blazepose, options, args.threads)
    seen: dict[str, Labelled] = {}
    said = written = started = time.monotonic()
    for i, entry in enumerate(chosen, 1):
        digest = sha256_of(entry.path)
        look = cache.get(digest)
        if look is None and digest in known:
            seen[digest] = known[digest]
        elif look is None and teacher is not None:
            look = cache.look(digest, lambda: teacher.look(read_image(entry.path)))  # noqa: B023 (called at once)
        if look is not None:
            seen[digest] = Labelled(entry.file, entry.source, entry.licence, sight_of(look, judge))
        now = time.monotonic()
        if now - said > SAY_S or i == len(chosen):
            said = now
            people = sum(len(one.sight.people) for one in seen.values())
            left = (now - started) / i * (len(chosen) - i)
            print(f"{i} of {len(chosen)} pictures, {people} people, {left / 60:.0f} minutes left", flush=True)
        if now - written > WRITE_S or i == len(chosen):
            written = now
            write_labels(args.output, LabelFile(options, judge, key, digests, seen))


def _known(path: Path | None, key: str) -> Mapping[str, Labelled]:
    """The pictures of labels made before by the same recipe and teachers; none of others'."""
    if path is None:
        return {}
    labels = read_labels(path)
    if labels.key != key:
        print(f"'{path}' comes from other teachers or another recipe; its labels are made anew", file=sys.stderr)
        return {}
    return labels.pictures


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
