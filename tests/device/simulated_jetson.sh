#!/usr/bin/env bash
# `./install.sh device` for real, in a simulated JetPack: this machine's files under an overlay, in a mount namespace of
# its own, with JetPack's release file, a TensorRT of fake_tensorrt.py, CUDA in host memory, JetPack's OpenCV 4.8 with
# numpy 1 and fake_systemctl.py. Nothing outside of the overlay is written. Needs root, overlayfs and a package index.
#
#   tests/device/simulated_jetson.sh [10.3]          installs and walks through everything; prints what it checks
#   QUICK=1 tests/device/simulated_jetson.sh 11.4    the installation alone
#
# What it cannot show: systemd itself, apt's JetPack packages, a real GPU, pycuda's build.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
VERSION=${1:-10.3}
PYTHON=${PYTHON:-/usr/bin/python3}

if [ -z "${INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "needs root" >&2; exit 1; }
    exec env INSIDE=1 unshare --mount --pid --fork --propagation private "$0" "$VERSION"
fi

root=$(mktemp -d)
mount -t tmpfs -o size=4g none "$root"
mkdir "$root/upper" "$root/work" "$root/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/root"
root=$root/root
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs none "$root/run"
mkdir -p "$root/run/systemd/system" "$root/checkout"
mount --bind "$PWD" "$root/checkout"

# The board.
case "$VERSION" in
    8.6) release='# R36 (release), REVISION: 2.0' ;;
    10.3) release='# R36 (release), REVISION: 4.3' ;;
    *) release='# R38 (release), REVISION: 2.0' ;;
esac
echo "$release, GCID: 1, BOARD: generic" >"$root/etc/nv_tegra_release"
site=$root/usr/lib/python3/dist-packages
mkdir -p "$site/tensorrt" "$site/pycuda" "$site/tensorrt_tables"
cp tests/engine/fake_tensorrt.py tests/engine/fake_pycuda.py "$site"
cp "tests/engine/tensorrt_tables/$VERSION.json" "$site/tensorrt_tables"
printf 'import fake_tensorrt\nglobals().update(vars(fake_tensorrt.make("%s")))\n' "$VERSION" >"$site/tensorrt/__init__.py"
touch "$site/pycuda/__init__.py"
printf 'import fake_pycuda\nglobals().update(vars(fake_pycuda.make()))\n' >"$site/pycuda/driver.py"
"$PYTHON" -m venv "$root/tmp/pip" && "$root/tmp/pip/bin/python" -m pip install -q --target "$site" numpy==1.26.4 \
    opencv-python-headless==4.8.1.78
install -m 0755 tests/device/fake_systemctl.py "$root/usr/bin/systemctl"
chmod 1777 "$root/tmp"
# Four versions are compiled here, to install and not to run fast.
for compiler in x86_64-linux-gnu-g++ x86_64-linux-gnu-gcc; do
    # shellcheck disable=SC2016 # for the wrapper to expand
    printf '#!/bin/bash\nexec /usr/bin/%s "${@/-O3/-O0}"\n' $compiler >"$root/usr/local/bin/$compiler"
    chmod 0755 "$root/usr/local/bin/$compiler"
done
exec chroot "$root" env -C /checkout HOME=/root VERSION="$VERSION" QUICK="${QUICK:-}" EDGEPOSE_SETTLE_S=2 bash tests/device/on_the_jetson.sh
