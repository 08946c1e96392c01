#!/usr/bin/env bash
# Runs the tests of tests/engine/test_host_cuda.py: real pycuda on a CUDA driver in host memory (host_cuda/host_cuda.c).
# The first run compiles pycuda, about 4 minutes on one core; everything lands in a folder of its own, with an
# environment that sees this one's packages. Needs cc, c++, nm and Python's headers; arguments go to pytest.
#   EDGEPOSE_HOST_CUDA   that folder (default: ~/.cache/edgepose-host-cuda); remove it to build again
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

PYTHON=$(readlink -f "${EDGEPOSE_VENV:-.venv}")/bin/python
WORK=$(realpath -m "${EDGEPOSE_HOST_CUDA:-${XDG_CACHE_HOME:-$HOME/.cache}/edgepose-host-cuda}")
PYCUDA=2026.1
HEADERS="nvidia-cuda-runtime-cu12==12.6.77 nvidia-cuda-profiler-api-cu12==12.6.77" # JetPack 6.1 and 6.2 have 12.6
for tool in cc c++ nm unzip; do
    command -v "$tool" >/dev/null || {
        echo "host_cuda.sh: $tool is missing; install it with: apt-get install build-essential unzip" >&2
        exit 1
    }
done
mkdir -p "$WORK/lib"
include=$WORK/nvidia/cuda_runtime/include

# driver SOURCE...: libcuda of the project's own driver and what is generated beside it.
driver() {
    cc -std=c11 -O1 -Wall -Wextra -Werror -fPIC -shared -Wl,-soname,libcuda.so.1 -I "$include" -o "$WORK/lib/libcuda.so.1" \
        "$@" -lpthread
    ln -sf libcuda.so.1 "$WORK/lib/libcuda.so"
}

fetch() {
    # shellcheck disable=SC2086 # words
    "$PYTHON" -m pip download -q --no-deps -d "$WORK/fetched" $HEADERS
    "$PYTHON" -m pip download -q --no-deps --no-binary pycuda -d "$WORK/fetched" "pycuda==$PYCUDA"
    for wheel in "$WORK"/fetched/nvidia*.whl; do unzip -qo "$wheel" 'nvidia/*/include/*' -d "$WORK"; done
    tar -xzf "$WORK/fetched/pycuda-$PYCUDA.tar.gz" -C "$WORK"
}

# Without optimising, since nothing here is about speed; without CURAND, which EdgePose does not use.
build() {
    "$PYTHON" -m venv --clear "$WORK/venv"
    (
        cd "$WORK/pycuda-$PYCUDA"
        "$WORK/venv/bin/python" configure.py --no-cuda-enable-curand --cudadrv-lib-dir="$WORK/lib" \
            --cuda-inc-dir="$include,$WORK/nvidia/cuda_profiler_api/include"
        CFLAGS='-O0 -g0 -w' "$WORK/venv/bin/python" -m pip install -q .
    )
    "$PYTHON" -c 'import site; print("import site;", *(f"site.addsitedir({p!r});" for p in site.getsitepackages()))' \
        >"$("$WORK/venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')/of-edgepose.pth"
    touch "$WORK/built"
}

# What pycuda links against and the driver has not.
rest() {
    nm -D --undefined-only "$WORK"/venv/lib/python3.*/site-packages/pycuda/_driver*.so | awk '$2 ~ /^cu[A-Z]/ {print $2}' |
        sort >"$WORK/wanted"
    nm -D --defined-only "$WORK/lib/libcuda.so.1" | awk '{print $3}' | sort >"$WORK/there"
    comm -23 "$WORK/wanted" "$WORK/there" |
        sed 's/.*/int &(void);\nint &(void) { return 801; } \/\/ CUDA_ERROR_NOT_SUPPORTED/' >"$WORK/rest.c"
}

if [ ! -e "$WORK/built" ]; then
    echo "building pycuda $PYCUDA in $WORK, once" >&2
    fetch
    driver tests/engine/host_cuda/host_cuda.c
    build
else
    driver tests/engine/host_cuda/host_cuda.c
fi
rest
driver tests/engine/host_cuda/host_cuda.c "$WORK/rest.c"
LD_LIBRARY_PATH=$WORK/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$WORK/venv/bin/python" -m pytest \
    -p no:cacheprovider tests/engine/test_host_cuda.py "$@"
