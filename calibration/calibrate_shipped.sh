#!/bin/bash
# Makes the calibrated form of a shipped network, edgepose-lite or what NETWORK names:
# calibration/calibrate_shipped.sh PHOTOS [OPTIONS OF edgepose calibrate]
#
# PHOTOS holds manifest.json, the files it names, and annotations/coco_gt_keypoints17.json. Ranges are measured on the
# licence-clean pictures (pictures.json); all others judge, and the annotated ones give the AP before and after.
set -eu
name=${NETWORK:-edgepose-lite}
here=$(cd "$(dirname "$0")" && pwd)
photos=$(cd "$1" && pwd)
python=${PYTHON:-$here/../.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" "$here/choose.py" "$photos/manifest.json" "$photos" "$work/chosen"
mkdir "$work/judge"
for folder in photos frames; do
    ln -s "$photos/images/$folder"/* "$work/judge/"
done

"$python" -m edgepose calibrate "$here/../edgepose/models/$name.onnx" \
    --images "$work/chosen" --judge-images "$work/judge" \
    --annotations "$photos/annotations/coco_gt_keypoints17.json" --annotated-images "$work/judge" \
    --no-photos --json -o "$here/$name.int8" "${@:2}"

mv "$here/$name.int8.onnx" "$here/$name.int8.json" "$here/../edgepose/models/"
