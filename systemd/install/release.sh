# A release is one version with its Python environment, in a folder of its own. A new one is built and tried beside the
# one that runs; then `venv` leads to it, in one step, and back where the service does not come up with it.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

RELEASES=$OPT/releases
NEW=    # the release this installation is about
BEFORE= # the one that `venv` leads to

device_release() {
    local stamp
    stamp=$({ $PYTHON_HERE -V && release_extras && source_sums; } 2>&1 | sha256sum | cut -c 1-16)
    NEW=$RELEASES/$stamp
    BEFORE=$(readlink "$OPT/venv" 2>/dev/null || true)
    BEFORE=${BEFORE%/venv}
    [ ! -e "$NEW/.complete" ] || return 0
    [ ! -e "$NEW" ] || act "remove what an earlier installation left half done" rm -rf "$NEW"
    act "make $NEW/venv, which sees the system's packages" \
        $PYTHON_HERE -m venv --system-site-packages "$NEW/venv"
    act "copy the sources to build from" \
        cp -r edgepose setup.cfg setup.py pyproject.toml README.md LICENSE NOTICE "$SCRATCH"
    # shellcheck disable=SC2046
    act "install what the lock files name, by their hashes" locked $(release_locks)
    act "build EdgePose" release_pip --no-deps --no-build-isolation "$SCRATCH"
    if is_jetson && ! "$PYTHON_HERE" -c 'import pycuda' 2>/dev/null; then
        act "build pycuda with JetPack's CUDA (minutes)" optional pycuda locked base pycuda
    fi
    if is_jetson; then act "install the client of jetson-stats" optional jetson-stats locked base jetson-stats; fi
    act "try it beside the version that runs" try_release
    act "note that it is complete" touch "$NEW/.complete"
}

# The lock files whose packages this machine needs.
release_locks() {
    printf 'base '
    has_own_opencv || printf 'cv '
    is_jetson || printf 'openvino '
}
release_extras() { release_locks; }

# locked NAME...: install all that these lock files name, and nothing else.
locked() {
    local name files=()
    for name in "$@"; do files+=(-r "systemd/locks/$name.txt"); done
    release_pip --require-hashes --no-build-isolation "${files[@]}"
}

# release_pip WORDS...: pip of the new release; offline from the wheelhouse. CUDA's paths are for pycuda.
release_pip() {
    local words=() cuda=/usr/local/cuda
    [ -z "$WHEELHOUSE" ] || words=(--no-index --find-links "$WHEELHOUSE")
    env PATH="$PATH:$cuda/bin" CUDA_ROOT=$cuda CPATH="$cuda/include${CPATH:+:$CPATH}" \
        LIBRARY_PATH="$cuda/lib64${LIBRARY_PATH:+:$LIBRARY_PATH}" \
        "$NEW/venv/bin/python" -m pip install -q ${words[@]+"${words[@]}"} "$@"
}

# optional NAME COMMAND...: what the service can do without; its failure is noted, not the end.
optional() {
    local name=$1
    shift
    if ! "$@"; then
        mkdir -p "$NEW"
        printf '%s\n' "$name" >>"$NEW/missing"
    fi
}

# Everything that is installed, so that another version is noticed.
source_sums() {
    find edgepose systemd/locks setup.cfg setup.py -type f -not -name '*.pyc' -not -name '*.so' -print0 |
        sort -z | xargs -0 sha256sum
}

# Whether the new release works on this machine: it reads the configuration and watches a made-up scene.
try_release() {
    local edgepose=$NEW/venv/bin/edgepose
    as_service "$edgepose" --version || return 1
    if has_camera; then as_service "$edgepose" config check $ETC/edgepose.toml || return 1; fi
    as_service "$edgepose" run --source 'synthetic://?people=1&frames=20' --backend cpu --json | grep '"frames": 20'
}

# point VENV: make `venv` lead to a release, in one step.
point() {
    ln -sfn "$1/venv" "$OPT/.venv.new" || return 1
    [ -L "$OPT/venv" ] || [ ! -d "$OPT/venv" ] || mv "$OPT/venv" "$RELEASES/before-releases" || return 1
    mv -T "$OPT/.venv.new" "$OPT/venv"
}

# The version of before stays, for going back by hand; older ones and what was cut off go.
sweep_releases() {
    local folder
    for folder in "$RELEASES"/*; do
        [ -d "$folder" ] && [ "$folder" != "$NEW" ] && [ "$folder" != "$BEFORE" ] || continue
        act "remove the older $folder" rm -rf "$folder"
    done
}
