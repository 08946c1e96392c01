# Wheels, with networks, recipes and pages inside; sourced by install.sh. Each is for one version of Python and one kind
# of processor; for arm64 the native core is compiled across, with the headers of a Python of the same version here.
# shellcheck shell=bash

wheel() {
    local target=here machine built
    machine=$(uname -m)
    if [ "${1:-}" = --arm64 ]; then
        shift
        [ "$machine" = aarch64 ] || target=arm64
        machine=aarch64
    fi
    [ $# = 0 ] || { usage >&2 && exit 2; }
    [ $target = here ] || command -v aarch64-linux-gnu-g++ >/dev/null || need g++-aarch64-linux-gnu
    builder
    step "build the wheel ($("$PYTHON" -V), $target)" in_environment $target "$BUILDER/bin/python" -m build --outdir dist
    built=$(sed -n 's/^Successfully built .*and \(.*\.whl\)$/\1/p' "$LOG")
    "$BUILDER/bin/python" systemd/wheels/inspect_wheel.py "dist/$built" "$machine"
}

# builder: sets BUILDER to an environment of this Python that has `build`, and nothing else of ours.
builder() {
    find_python
    BUILDER=$CACHE/builder-$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$BUILDER/bin/python" -m build --version >/dev/null 2>&1 && return
    step "make an environment to build in" "$PYTHON" -m venv --clear "$BUILDER"
    step "install build" "$BUILDER/bin/python" -m pip install -q 'build>=1'
}

# in_environment here|arm64 COMMAND...: with the compiler and the names of the machine that the wheel is for.
in_environment() {
    local target=$1 suffix
    shift
    if [ "$target" = here ]; then
        "$@"
        return
    fi
    suffix=$("$PYTHON" -c 'import sys; print(".cpython-%d%d-aarch64-linux-gnu.so" % sys.version_info[:2])')
    env CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ \
        LDSHARED='aarch64-linux-gnu-gcc -shared' LDCXXSHARED='aarch64-linux-gnu-g++ -shared' \
        _PYTHON_HOST_PLATFORM=linux-aarch64 SETUPTOOLS_EXT_SUFFIX="$suffix" "$@"
}
