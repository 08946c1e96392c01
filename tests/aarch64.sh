#!/usr/bin/env bash
# Cross-builds the native grouping core for aarch64 with the flags of setup.py and runs its cases under qemu-user.
# Needs g++-aarch64-linux-gnu and qemu-user-static (Debian packages). Another compiler and no emulator:
#   CXX=g++ EMULATOR= tests/aarch64.sh
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

CXX=${CXX:-aarch64-linux-gnu-g++}
EMULATOR=${EMULATOR-qemu-aarch64-static}
PYTHON=${PYTHON:-${EDGEPOSE_VENV:-.venv}/bin/python}
for tool in "$CXX" $EMULATOR; do
    command -v "$tool" >/dev/null || {
        echo "aarch64.sh: $tool is missing; install it with: apt-get install g++-aarch64-linux-gnu qemu-user-static" >&2
        exit 1
    }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=$("$PYTHON" -c 'import re; print(*re.findall(r"\"(-[Of]\S+)\"", open("setup.py").read()))')
native=edgepose/decode/native
# shellcheck disable=SC2046,SC2086 # flags and files are words
"$CXX" -std=c++17 $flags -Wall -Wextra -Werror -static -I "$native" -o "$work/check_cases" \
    tests/native/check_cases.cpp $(find "$native" -name "*.cpp" ! -name binding.cpp)
"$PYTHON" tests/native/write_cases.py "$work"
$EMULATOR "$work/check_cases" "$work"/*.bin
