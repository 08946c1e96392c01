#!/usr/bin/env bash
# Tries a wheel for arm64 without an arm64 machine: tests/aarch64_wheel.sh dist/edgepose-…-linux_aarch64.whl [PICTURE]
# Debian's arm64 Python (of the wheel's version: 3.11 in Debian 12) is unpacked, not installed, into .cache/arm64 and runs
# under qemu-user with the wheel, numpy and msgspec; the native core must group as the reference does. With a PICTURE
# OpenVINO and OpenCV come too and the shipped network looks at it (minutes). Needs qemu-user-static, and Debian.
set -euo pipefail
wheel=$(realpath "$1")
picture=${2:+$(realpath "$2")}
cd "$(dirname "$(readlink -f "$0")")/.."
python=${PYTHON:-python3}
root=${EDGEPOSE_CACHE:-.cache}/arm64
minor=$(basename "$wheel" | sed -n 's/.*-cp3\([0-9]*\)-.*/\1/p')

command -v qemu-aarch64-static >/dev/null || {
    echo "aarch64_wheel.sh: qemu-aarch64-static is missing; install it with: apt-get install qemu-user-static" >&2
    exit 1
}

# fetch PACKAGE...: unpack arm64 packages and what they depend on into $root/system.
fetch() {
    local lists=$root/lists options
    mkdir -p "$lists/partial" "$root/archives/partial" "$root/system"
    options=(-q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State::status=/dev/null
        -o Dir::State::Lists="$PWD/$lists" -o Dir::Cache="$PWD/$root" -o APT::Sandbox::User=root -o Debug::NoLocking=1)
    apt-get "${options[@]}" update || return
    apt-get "${options[@]}" install -y --no-install-recommends --download-only "$@" || return
    for package in "$root"/archives/*.deb; do dpkg-deb -x "$package" "$root/system"; done
}

interpreter=$root/system/usr/bin/python3.$minor
[ -x "$interpreter" ] || fetch "python3.$minor-minimal" "libpython3.$minor-stdlib" libstdc++6 >"$root.log" 2>&1 || {
    tail -n 5 "$root.log" >&2
    echo "aarch64_wheel.sh: no arm64 Python 3.$minor from this system's packages; build the wheel with the Python it has" >&2
    exit 1
}

site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
needed=(numpy msgspec ${picture:+openvino opencv-python-headless})
"$python" -m pip install -q --target "$site" --no-deps --only-binary=:all: --python-version "3.$minor" \
    --platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64 --platform manylinux_2_31_aarch64 \
    --platform manylinux_2_35_aarch64 --platform linux_aarch64 "$wheel" "${needed[@]}"
qemu-aarch64-static -L "$root/system" -E PYTHONPATH="$site" "$interpreter" tests/native/try_wheel.py ${picture:+"$picture"}
