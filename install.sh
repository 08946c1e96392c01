#!/usr/bin/env bash
# Sets EdgePose up: ./install.sh demo | test | train | wheel | device. Run it as often as you like; what is there already is kept.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

VENV=$(realpath -m "${EDGEPOSE_VENV:-.venv}")
CACHE=${EDGEPOSE_CACHE:-.cache}
LOG=$CACHE/install.log
TORCH=2.13.0

usage() {
    cat <<'END'
usage:
  ./install.sh demo [--video FILE]     people of a real video become skeletons at an MQTT subscriber
  ./install.sh test [--old] [ARG...]   every check; --old: with numpy 1.26 and OpenCV 4.8; ARGs go to pytest
  ./install.sh train                   what training on this machine needs
  ./install.sh wheel [--arm64]         a wheel in dist, for this machine or compiled for arm64 boards
  sudo ./install.sh device [--dry-run] [--config FILE] [--wheelhouse DIR] [--yes]   the service on this board
  sudo ./install.sh device --uninstall [--dry-run]     takes it away; configuration and recordings stay

environment:
  EDGEPOSE_VENV      where the Python environment lives (default: .venv beside this file)
  EDGEPOSE_PYTHON    Python to make it with, and that a wheel is for (default: the first python3 that is 3.10 or newer)
  EDGEPOSE_MODEL     network to run the demo with (default: the one EdgePose ships)
  EDGEPOSE_NO_TORCH  1 leaves PyTorch out of the tests
END
}

die() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

# step TEXT COMMAND...: run it quietly, one line for it; where it fails, the end of its output and out.
step() {
    local text=$1 started=$SECONDS
    shift
    printf '%-58s' "$text"
    if "$@" >"$LOG" 2>&1 </dev/null; then
        printf 'ok  %3d s\n' $((SECONDS - started))
    else
        printf 'failed\n' && tail -n 30 "$LOG" >&2
        die "could not finish: $text (all of its output is in $LOG)"
    fi
}

cache() {
    { mkdir -p "$CACHE" 2>/dev/null && [ -w "$CACHE" ]; } || die "cannot write to $(realpath -m "$CACHE"); set up a copy of your own"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

# need PACKAGE...: remember Debian packages that are missing, for install_needed.
NEEDED=()
need() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || NEEDED+=("$package")
    done
}

# install_needed: install all of them at once, or say what an administrator should.
install_needed() {
    [ ${#NEEDED[@]} = 0 ] && return
    command -v apt-get >/dev/null || die "please install with this system's package manager: ${NEEDED[*]}"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        die "this needs packages, and you are not root: please ask for: apt-get install ${NEEDED[*]}"
    step "install packages: ${NEEDED[*]}" apt_install "${NEEDED[@]}"
    NEEDED=()
}

apt_install() {
    local options=(-y -q --no-install-recommends)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" && return
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

# find_python: sets PYTHON to one that can build environments and extensions, and installs what was needed.
find_python() {
    if command -v "${EDGEPOSE_PYTHON:-python3}" >/dev/null; then
        choose_python
        "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
        "$PYTHON" -c 'import os, sysconfig as s; os.stat(s.get_path("include") + "/Python.h")' 2>/dev/null || need python3-dev
    else
        need python3 python3-venv python3-dev
    fi
    command -v c++ >/dev/null || need g++
    install_needed
    choose_python
}

choose_python() {
    for PYTHON in ${EDGEPOSE_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python3.10}; do
        new_enough "$PYTHON" && return
    done
    die "EdgePose needs Python 3.10 or newer and found $("${EDGEPOSE_PYTHON:-python3}" -V 2>&1 | head -n 1);" \
        "install one (Ubuntu 22.04, Debian 12 and JetPack 6 have it) or name it with EDGEPOSE_PYTHON"
}

# environment EXTRAS PACKAGE...: a Python environment with EdgePose in it and these packages installed before it.
environment() {
    local extras=$1 stamp
    shift
    find_python
    if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        step "make $(basename "$VENV") with $("$PYTHON" -V)" "$PYTHON" -m venv --clear "$VENV"
    fi
    stamp=$(
        {
            pwd
            "$VENV/bin/python" -V
            echo "$extras $*"
            cat setup.cfg setup.py pyproject.toml
            find edgepose \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) -print0 | sort -z | xargs -0r cat
        } | sha256sum | cut -c 1-16
    )
    [ -e "$VENV/.installed-$stamp" ] && return
    [ $# = 0 ] || step "install $*" "$VENV/bin/python" -m pip install -q "$@"
    step "install edgepose[$extras]" "$VENV/bin/python" -m pip install -q -e ".[$extras]" "$@"
    touch "$VENV/.installed-$stamp"
}

# sample_video: sets VIDEO to a clip of people from Debian's own packages, fetched once.
sample_video() {
    local folder=$CACHE/opencv-doc
    VIDEO=$CACHE/vtest.avi
    [ -s "$VIDEO" ] && return
    command -v apt-get >/dev/null || die "the sample clip comes from a Debian package; here please give --video FILE"
    step "fetch a clip of people (opencv-doc, 96 MB, once)" fetch_sample "$folder"
}

fetch_sample() {
    rm -rf "$1" && mkdir -p "$1"
    (cd "$1" && apt-get download -q opencv-doc) || { as_root apt-get update -q && (cd "$1" && apt-get download -q opencv-doc); }
    dpkg-deb --fsys-tarfile "$1"/opencv-doc*.deb | tar -x -C "$1" --wildcards '*/vtest.avi*'
    find "$1" -name 'vtest.avi.gz' -exec gunzip {} +
    mv "$(find "$1" -name vtest.avi)" "$VIDEO"
    rm -rf "$1"
}

demo() {
    local VIDEO=
    if [ "${1:-}" = --video ]; then
        [ -s "${2:-}" ] || die "--video needs a file, found '${2:-nothing}'"
        VIDEO=$2
    elif [ $# != 0 ]; then
        usage >&2 && exit 2
    fi
    need mosquitto
    environment openvino,av,cli
    [ -n "$VIDEO" ] || sample_video
    exec "$VENV/bin/python" examples/demo.py "$VIDEO" ${EDGEPOSE_MODEL:+--model "$EDGEPOSE_MODEL"}
}

# check TOOL ARGS...: run a tool of the environment; go on where it finds something, and remember.
check() {
    printf '\n== %s\n' "$*"
    "$VENV/bin/$1" "${@:2}" || FAILED="$FAILED $1"
}

tests() {
    local FAILED='' extras=openvino,onnx,av,cli,eval,dev torch=()
    if [ "${1:-}" = --old ]; then
        shift
        VENV=$(realpath -m "${EDGEPOSE_VENV:-.venv-old}")
        environment "$extras" numpy==1.26.4 opencv-python-headless==4.8.1.78
        exec "$VENV/bin/python" -m pytest "$@"
    fi
    need mosquitto mosquitto-clients systemd python3-gi gir1.2-gst-rtsp-server-1.0 gir1.2-gst-plugins-base-1.0 \
        gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly \
        gstreamer1.0-plugins-bad
    if [ "${EDGEPOSE_NO_TORCH:-0}" != 1 ]; then # first, so that nothing else brings another build of it
        torch=("torch==$TORCH")
        extras=$extras,train
    fi
    environment "$extras" ${torch[@]+"${torch[@]}"}
    check ruff check
    check ruff format --check
    if [ "${EDGEPOSE_NO_TORCH:-0}" = 1 ]; then printf '\n== mypy left out: it reads the types of PyTorch\n'; else check mypy; fi
    check lint-imports
    check pytest "$@"
    [ -z "$FAILED" ] || die "failed:$FAILED"
}

training() {
    [ $# = 0 ] || { usage >&2 && exit 2; }
    environment openvino,cli,eval,train "torch==$TORCH"
    printf '%s\n' 'begin with: .venv/bin/edgepose train mine.toml --init --images YOUR_PICTURES'
}

case "${1:-}" in
    demo) shift && cache && demo "$@" ;;
    test) shift && cache && tests "$@" ;;
    train) shift && cache && training "$@" ;;
    wheel) shift && cache && . systemd/wheels/wheel.sh && wheel "$@" ;;
    device) shift && . systemd/device.sh && device "$@" ;;
    -h | --help | help) usage ;;
    *) usage >&2 && exit 2 ;;
esac
