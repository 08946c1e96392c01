#!/bin/sh
# What the Dockerfile runs, and what measures the image where there is no container runtime:
#   build.sh wheel SOURCE WHEELS [EXTRA...]  builds EdgePose's wheel, and those of EXTRA that have none, such as pycuda
#                                       (needs a C++ compiler, python3-venv, python3-dev; pycuda CUDA's headers)
#   build.sh install WHEELS [EXTRA...]  installs it into /opt/edgepose, and takes out what a run never reads
set -eu

wheel() {
    build=$(mktemp -d)
    python3 -m venv "$build"
    source=$1
    wheels=$2
    shift 2
    "$build/bin/pip" wheel --quiet --no-cache-dir --no-deps --wheel-dir "$wheels" "$source"
    if [ $# -gt 0 ]; then "$build/bin/pip" wheel --quiet --no-cache-dir --wheel-dir "$wheels" "$@"; fi
    rm -r "$build"
}

install() {
    wheels=$1
    shift
    # On a board cv2 and TensorRT are the system's; elsewhere nothing of Python's is.
    python3 -m venv ${EDGEPOSE_SYSTEM_PACKAGES:+--system-site-packages} /opt/edgepose
    /opt/edgepose/bin/pip install --quiet --no-cache-dir --find-links "$wheels" "$wheels"/edgepose-*.whl "$@"
    slim /opt/edgepose
}

slim() {
    "$1/bin/pip" uninstall --quiet --yes pip setuptools 2> /dev/null || true
    find "$1" -type d \( -name __pycache__ -o -name tests -o -name include -o -name samples \) -prune -exec rm -r {} +
    # OpenVINO reads ONNX and its own format here, on the CPU: other frameworks' readers and other devices stay out.
    find "$1" -path '*openvino/libs*' \( -name 'libopenvino_*_frontend*' -a ! -name '*onnx*' -a ! -name '*_ir_*' \
        -o -name 'libopenvino_intel_gpu*' -o -name 'libopenvino_intel_npu*' -o -name 'libopenvino_hetero*' \
        -o -name 'cache.json' \) -delete
    # What networks are trained on from: an image runs them.
    find "$1" -path '*edgepose/training/recipes/*.pt' -delete
    find "$1" \( -name '*.pyi' -o -name '*.cmake' \) -delete
}

case "${1:-}" in
    wheel)
        shift
        wheel "$@"
        ;;
    install)
        shift
        install "$@"
        ;;
    *)
        echo "build.sh: wheel SOURCE WHEELS, or install WHEELS [EXTRA...]" >&2
        exit 2
        ;;
esac
