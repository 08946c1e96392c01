"""`edgepose calibrate` without its command line: pictures in; INT8 model, cache and report out, or a refusal."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edgepose import __version__
from edgepose.backends import BackendOptions, open_backend
from edgepose.backends.cpu import int8_is_whole
from edgepose.engine.int8.ap import AnnotatedPicture, annotated, ap_loss
from edgepose.engine.int8.cache_file import cache_text, complete
from edgepose.engine.int8.calibration_set import CalibrationSet, FittedPictures
from edgepose.engine.int8.gate import Parity, compare, judge
from edgepose.engine.int8.options import GateOptions, PictureOptions, QuantiseOptions
from edgepose.engine.int8.page import page
from edgepose.engine.int8.pictures import Keep, PictureSet, Progress, gather, other_pictures, readable
from edgepose.engine.int8.prepare import Prepared, prepare
from edgepose.engine.int8.quantise import layer_name
from edgepose.engine.int8.report import CalibrationReport, LayerRow, PictureCounts
from edgepose.engine.int8.runs import clearest, opened
from edgepose.engine.onnx.edit import copied
from edgepose.engine.onnx.load import load_plain
from edgepose.engine.onnx.queries import convolutions
from edgepose.engine.onnx.strip import stripped
from edgepose.errors import BackendError, DataError, EdgePoseError, FileError
from edgepose.files import encodable, reason, sha256_of, write_atomically
from edgepose.keypoint_set import label_skeleton
from edgepose.look import Sight
from edgepose.model import ModelSpec, load_spec, model_sha256, save_spec
from edgepose.model.half_storage import store_half
from edgepose.options import Options
from edgepose.pictures import read_image

CLEAR_KEYPOINT = 0.3
"""A heatmap value from which on somebody is surely there."""
N_LOOKED_AT = 40


Refine = Callable[[Any, Any, ModelSpec, Sequence[Path]], Any]
"""Betters a Q/DQ model: (it, the FP32 model it was made from, spec, calibration pictures) to one of the same form."""


class CalibrationRequest(Options, frozen=True):
    """What to calibrate. output: path without ending; .onnx, .cache, .report.json and .report.html are added.

    judge_images: pictures that judge in place of a share of `images`. photos: show some on the report page.
    annotations, annotated_images: COCO keypoints and their pictures, for AP; these never calibrate.
    """

    model: str
    images: str
    output: str
    input_hw: tuple[int, int] | None = None
    annotations: str | None = None
    annotated_images: str | None = None
    pictures: PictureOptions = PictureOptions()
    quantise: QuantiseOptions = QuantiseOptions()
    gate: GateOptions = GateOptions()
    judge_images: str | None = None
    photos: bool = True
    accept: bool = False


def calibrate(request: CalibrationRequest, progress: Progress, refine: Refine | None = None) -> CalibrationReport:
    """Calibrate a model and judge the result; the files are written whatever the verdict, which the report carries.

    refine: has the last word about the weights before they are judged, such as edgepose.training.finetune_int8.

    An INT8 model that fails the gate is written as OUT.refused.onnx and its cache as OUT.refused.cache, so that nothing
    runs them by accident. Raises DataError for a picture set that is no good and ModelError for a model that cannot be
    quantised; then nothing is written.
    """
    begun = time.monotonic()
    model_path, out = Path(request.model), Path(request.output)
    spec = load_spec(model_path)
    input_hw = request.input_hw or spec.input_hw
    plain = load_plain(model_path)
    truth = _annotated(request, spec)
    with _staged(out) as staged, contextlib.ExitStack() as stack:
        fitted = stack.enter_context(FittedPictures(staged.parent, spec, input_hw))
        pictures = gather(Path(request.images), request.pictures, progress, fitted.add)
        if request.judge_images is not None:
            pictures = _judged_by(pictures, Path(request.judge_images), request.pictures, fitted.add)
        pictures = _without(pictures, {picture.place.path for picture in truth})
        samples, judging = fitted.select(pictures.calibrate), fitted.select(pictures.judge)
        exact = stack.enter_context(opened(open_backend(model_path, BackendOptions(precision="f32"), spec), input_hw))
        people, share = _with_people(exact, samples, request, progress)
        checkpoint = out.with_name(out.name + ".partial.npz")
        prepared = prepare(plain, samples, people, request.quantise, checkpoint, progress)
        if refine is not None:
            better = refine(prepared.model, plain, spec, [picture.path for picture in pictures.calibrate])
            prepared = dataclasses.replace(prepared, model=better)
        int8_path = _write_model(staged, prepared.model, spec)
        with opened(open_backend(int8_path, _judging(), spec), input_hw) as int8:
            parity = compare(exact, int8, judging, progress)
            if truth:
                loss = ap_loss(exact, int8, truth, spec.keypoint_skeleton, progress)
                parity = msgspec.structs.replace(parity, ap=loss)
            verdict = judge(parity, request.gate, request.accept)
            html_pictures = _side_by_side(exact, int8, parity) if request.photos else []
        cache = cache_text(complete(prepared.amax, stripped(prepared.model))).encode()
        report = CalibrationReport(
            edgepose=__version__,
            model=model_path.name,
            model_sha256=model_sha256(model_path),
            int8_sha256=sha256_of(int8_path),
            cache_sha256=hashlib.sha256(cache).hexdigest(),
            fine_tuned=refine is not None,
            size_ratio=int8_path.stat().st_size / len(plain.SerializeToString()),
            input_hw=input_hw,
            options=request.quantise,
            pictures=_counts(pictures, share),
            layers=_rows(prepared),
            parity=parity,
            verdict=verdict,
            seconds=round(time.monotonic() - begun, 1),
            picture_sha256=tuple(picture.sha256 for picture in pictures.calibrate),
        )
        write_atomically(int8_path.with_suffix(".cache"), cache, 0o644)
        write_atomically(_ending(staged, ".report.json"), report.to_json(), 0o644)
        write_atomically(
            _ending(staged, ".report.html"), encodable(page(report, prepared, html_pictures)).encode(), 0o600
        )
        if verdict.passed or verdict.accepted_anyway:
            for ending in (".json", ".cache", ".onnx"):
                int8_path.with_suffix(ending).replace(_ending(staged, ending))
    return report


def _judging() -> BackendOptions:
    """What INT8 is judged in: this machine's runtime, or exact arithmetic where the CPU's own would cut sums off.

    Layers that stay in floating point are computed in float32: bfloat16, which some CPUs would take, is coarser than
    the float16 of TensorRT, and would be blamed on INT8.
    """
    name = "auto" if int8_is_whole() else "onnxruntime"
    return BackendOptions(name=name, precision="f32")


@contextlib.contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A path like `out` in a hidden folder beside it; what was written there comes out together, or not at all."""
    hidden = ""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as hidden:
            yield Path(hidden) / out.name
            for path in sorted(Path(hidden).iterdir()):
                path.replace(out.parent / path.name)
    except (BackendError, FileError) as error:  # names the place that was asked for, not the one beside it
        if not hidden or hidden not in str(error):
            raise
        raise type(error)(str(error).replace(hidden, str(out.parent))) from None
    except EdgePoseError:  # some are an OSError too
        raise
    except OSError as error:
        raise BackendError(f"cannot write to '{out.parent}' ({reason(error)}); give another place with -o") from None


def _annotated(request: CalibrationRequest, spec: ModelSpec) -> list[AnnotatedPicture]:
    if request.annotations is None:
        return []
    labels = label_skeleton(spec.keypoint_skeleton)
    found = annotated(Path(request.annotations), Path(request.annotated_images or request.images), labels)
    kept = [picture for picture in found if readable(picture.place.path)]
    if not kept:
        raise DataError(f"none of the {len(found)} annotated pictures can be read; give whole JPEG or PNG files")
    return kept


def _without(pictures: PictureSet, taken: set[Path]) -> PictureSet:
    """The set less the annotated pictures, which judge only."""
    names = {path.name for path in taken}
    kept = tuple(picture for picture in pictures.calibrate if picture.path.name not in names)
    if not kept:
        raise DataError(
            "every calibration picture is annotated and kept for AP; give --annotated-images another folder"
        )
    return dataclasses.replace(pictures, calibrate=kept)


def _judged_by(pictures: PictureSet, folder: Path, options: PictureOptions, keep: Keep) -> PictureSet:
    """All good pictures calibrate, and those of another folder judge."""
    calibrate = pictures.calibrate + pictures.judge
    judge = other_pictures(folder, calibrate, options.max_held_out, keep)
    if not judge:
        raise DataError(
            f"every picture in '{folder}' is unreadable or among those that calibrate; give others to judge with"
        )
    return dataclasses.replace(pictures, calibrate=calibrate, judge=judge)


def _with_people(
    exact: Sight, samples: CalibrationSet, request: CalibrationRequest, progress: Progress
) -> tuple[CalibrationSet, float]:
    """Some calibration pictures in which FP32 sees somebody, and their share; DataError when there are too few.

    A network that sees nobody in nearly all pictures is being shown something else than it was trained for: another
    camera geometry, infrared, pictures without people.
    """
    looked_at = range(0, len(samples), max(1, len(samples) // N_LOOKED_AT))
    n_keypoints = exact.spec.keypoint_skeleton.n_keypoints
    people = []
    for k in progress(looked_at, len(looked_at), "pictures looked at"):
        if clearest(exact.see(samples.images[k]), n_keypoints) >= CLEAR_KEYPOINT:
            people.append(k)
    share = len(people) / len(looked_at)
    if share < request.pictures.min_with_people:
        raise DataError(
            f"the network sees people in {len(people)} of {len(looked_at)} calibration pictures, wanted at least "
            f"{request.pictures.min_with_people:.0%}: these pictures are unlike its input; take some with people, from "
            "the cameras it will run on"
        )
    return samples.part(people), share


def _write_model(out: Path, model: Any, spec: ModelSpec) -> Path:
    """The INT8 model under a name that nobody runs until the verdict is in, with its sidecar.

    What stays in float is stored as float16, as in the files that `edgepose export` writes.
    """
    path = _ending(out, ".refused.onnx")
    model = copied(model)
    store_half(model)
    write_atomically(path, model.SerializeToString(), 0o644)
    save_spec(spec, path)
    return path


def _side_by_side(exact: Sight, int8: Sight, parity: Parity) -> list[tuple[str, Any, Any, Any]]:
    """(path, picture, FP32's people, INT8's people) of the pictures that agree least."""
    rows = []
    for path in parity.worst:
        image = read_image(Path(path))
        rows.append((path, image, exact.see(image).poses, int8.see(image).poses))
    return rows


def _rows(prepared: Prepared) -> tuple[LayerRow, ...]:
    total = max(1, sum(prepared.costs.values()))
    return tuple(
        LayerRow(
            name=layer_name(conv),
            share=prepared.costs[layer_name(conv)] / total,
            amax=prepared.amax[conv.input[0]],
            layer_error=prepared.layer_errors.get(layer_name(conv)),
            output_error=prepared.output_errors.get(layer_name(conv)),
            int8=layer_name(conv) not in prepared.kept,
        )
        for conv in convolutions(prepared.float_model)
    )


def _counts(pictures: PictureSet, share: float) -> PictureCounts:
    return PictureCounts(
        found=pictures.found,
        unreadable=pictures.unreadable,
        blank=pictures.blank,
        duplicates=pictures.duplicates,
        calibrate=len(pictures.calibrate),
        judge=len(pictures.judge),
        with_people=share,
    )


def _ending(out: Path, ending: str) -> Path:
    return out.with_name(out.name + ending)
