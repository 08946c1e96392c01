# What comes from apt: Python, a compiler, and on a Jetson TensorRT, CUDA and OpenCV, which no wheel may shadow.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

PYTHON_HERE=/usr/bin/python3

device_packages() {
    local package missing=()
    for package in python3 python3-venv python3-dev g++ python3-gi; do
        is_there "$package" || missing+=("$package")
    done
    if is_jetson; then
        imports tensorrt || missing+=("$(first_known python3-libnvinfer nvidia-tensorrt)")
        [ -e /usr/local/cuda/include/cuda.h ] || imports pycuda || missing+=("$(first_known nvidia-cuda-dev nvidia-cuda)")
        is_there python3-opencv || is_there libopencv-python || imports cv2 ||
            missing+=("$(first_known nvidia-opencv libopencv-python python3-opencv)")
    fi
    if [ ${#missing[@]} != 0 ]; then
        [ -z "$WHEELHOUSE" ] || die "offline, and these packages are missing: ${missing[*]}; install them from your own mirror first"
        act "install ${missing[*]}" apt_install "${missing[@]}"
    fi
    new_enough $PYTHON_HERE || [ -n "$DRY_RUN" ] || die "EdgePose needs Python 3.10 or newer, this system has $($PYTHON_HERE -V 2>&1)"
}

is_there() {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'
}

# first_known PACKAGE...: the first that apt knows, so that each JetPack is asked for what it calls it.
first_known() {
    local package
    for package in "$@"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            printf '%s' "$package"
            return
        fi
    done
    printf '%s' "$1"
}

# imports MODULE: whether the system's Python finds it; it need not work.
imports() {
    $PYTHON_HERE -c 'import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)' "$1" 2>/dev/null
}

# The system's OpenCV stays, whatever is wrong with it: a wheel would hide it, and with it GStreamer and the CSI cameras.
has_own_opencv() {
    is_jetson || is_there python3-opencv || is_there libopencv-python || imports cv2
}
