#!/usr/bin/env bash
# Writes the lock files anew: exact versions and hashes of all that install.sh puts on a device, for every Python and
# machine at once. Needs uv (pip install uv). numpy stays below 2 where JetPack's OpenCV was built against numpy 1.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

compile() {
    uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-header --no-annotate "$@"
}

# lock NAME TITLE [-c FILE] REQUIREMENT...: NAME.txt without what base.txt has.
lock() {
    local name=$1 title=$2 known=
    shift 2
    printf '%s\n' "$@" >"$scratch/$name.in"
    [ "$name" = base ] || known=$scratch/known
    compile ${known:+-c "$known"} -o "$scratch/$name.txt" "$scratch/$name.in"
    {
        printf '# %s Written by make.sh.\n' "$title"
        awk -v known="$known" '
            BEGIN { while (known && (getline line < known) > 0) { sub(/==.*/, "", line); skip[line] = 1 } }
            /^[^ #]/ { name = $0; sub(/==.*/, "", name) }
            /^[^#]/ && !(name in skip)
        ' "$scratch/$name.txt"
    } >"$name.txt"
    [ "$name" != base ] || sed -n 's/^\([^ #].*[^ \\]\) *\\*$/\1/p' base.txt >"$scratch/known"
}

lock base 'What every device installs, and what builds EdgePose itself.' 'setuptools>=68' wheel 'pybind11>=2.12' \
    'numpy==1.26.4 ; python_version < "3.13"' 'numpy>=2.1 ; python_version >= "3.13"' 'msgspec>=0.21' \
    'paho-mqtt>=2.2' 'tomli>=2.0 ; python_version < "3.11"' 'rich>=13' 'onnx>=1.15' 'onnxruntime>=1.17' 'av>=14.2'
lock cv 'OpenCV, where the system brings none.' 'opencv-python-headless>=4.8'
lock openvino 'OpenVINO, for machines without a Jetson GPU.' 'openvino>=2024.0'
lock pycuda 'pycuda, which is compiled on the board.' 'pycuda>=2022.2'
lock jetson-stats 'The client of jetson-stats.' 'jetson-stats>=4.2'
