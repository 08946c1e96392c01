# The service on this board; sourced by install.sh. Every change goes through `act`, so that --dry-run can show them all.
# shellcheck shell=bash

OPT=/opt/edgepose
ETC=/etc/edgepose
UNITS=/etc/systemd/system
DROP_INS=$UNITS/edgepose.service.d

DRY_RUN=
CHANGED=

device() {
    case "${1:-}" in
        '') ;;
        --dry-run) DRY_RUN=1 ;;
        --uninstall) UNINSTALL=1 ;;
        *) usage >&2 && exit 2 ;;
    esac
    [ "${2:-}" = --dry-run ] && DRY_RUN=1
    [ -n "$DRY_RUN" ] || [ "$(id -u)" = 0 ] || die "installing a service needs root: sudo ./install.sh device"
    SCRATCH=$(mktemp -d) # root leaves nothing in the checkout
    # shellcheck disable=SC2034
    LOG=$SCRATCH/install.log
    if [ -n "${UNINSTALL:-}" ]; then
        uninstall_device
    else
        install_device
    fi
}

# act TEXT COMMAND...: do it, or with --dry-run only say so.
act() {
    if [ -n "$DRY_RUN" ]; then
        printf 'would %s\n        %s\n' "$1" "${*:2}"
    else
        step "$1" "${@:2}"
        CHANGED=1
    fi
}

# place MODE FILE TARGET: copy a file where it is missing or differs.
place() {
    cmp -s "$2" "$3" || act "write $3" install -D -m "$1" "$2" "$3"
}

systemd_runs() {
    [ -d /run/systemd/system ]
}

install_device() {
    say_machine
    device_packages
    place 0644 systemd/sysusers.conf /etc/sysusers.d/edgepose.conf
    place 0644 systemd/tmpfiles.conf /etc/tmpfiles.d/edgepose.conf
    id edgepose >/dev/null 2>&1 || act "make the user edgepose" systemd-sysusers /etc/sysusers.d/edgepose.conf
    if [ ! -d $ETC ] || [ ! -d /var/lib/edgepose/models ]; then
        act "make $ETC and /var/lib/edgepose" systemd-tmpfiles --create /etc/tmpfiles.d/edgepose.conf
    fi
    device_environment
    [ -e $ETC/edgepose.toml ] || act "write $ETC/edgepose.toml" install -m 0640 -g edgepose systemd/edgepose.toml $ETC/edgepose.toml
    device_unit
    device_start
}

say_machine() {
    if [ -r /etc/nv_tegra_release ]; then
        printf 'Jetson: %s\n' "$(head -n 1 /etc/nv_tegra_release)"
    else
        printf 'No Jetson (/etc/nv_tegra_release is missing): the service will run on the CPU.\n'
    fi
}

device_packages() {
    local package missing=()
    for package in python3 python3-venv python3-dev g++ python3-gi; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] || act "install ${missing[*]}" apt_install "${missing[@]}"
}

# The environment sees JetPack's TensorRT and OpenCV, and keeps numpy to what that OpenCV was built against.
device_environment() {
    local python=/usr/bin/python3 extras=cli,onnx,av packages=() stamp
    new_enough $python || [ -n "$DRY_RUN" ] || die "EdgePose needs Python 3.10 or newer, this system has $($python -V 2>&1)"
    [ -e $OPT/venv/bin/python ] ||
        act "make $OPT/venv, which sees the system's packages" $python -m venv --system-site-packages $OPT/venv
    if $python -c 'import cv2' 2>/dev/null; then
        $python -c 'import numpy, sys; sys.exit(int(numpy.__version__.split(".")[0]) > 1)' && packages+=('numpy<2')
    else
        extras=$extras,cv
    fi
    [ -r /etc/nv_tegra_release ] || extras=$extras,openvino
    stamp=$({ echo "$extras ${packages[*]-}" && $python -V && source_sums; } | sha256sum | cut -c 1-16)
    [ -e "$OPT/.installed-$stamp" ] && return
    act "copy the sources to build from" cp -r edgepose setup.cfg setup.py pyproject.toml README.md LICENSE NOTICE "$SCRATCH"
    act "install edgepose[$extras] ${packages[*]-}" \
        $OPT/venv/bin/python -m pip install -q ${packages[@]+"${packages[@]}"} "${SCRATCH}[$extras]"
    if [ -r /etc/nv_tegra_release ]; then
        act "install pycuda and jetson-stats, where they build" jetson_packages ${packages[@]+"${packages[@]}"}
        [ -z "$CHANGED" ] || $OPT/venv/bin/python -c 'import pycuda' 2>/dev/null ||
            printf 'pycuda could not be built, so the service runs on the CPU; see: edgepose doctor\n'
    fi
    act "remember what was installed" touch "$OPT/.installed-$stamp"
}

# pycuda is compiled here and needs JetPack's CUDA: its absence must not end the installation.
jetson_packages() {
    PATH=$PATH:/usr/local/cuda/bin $OPT/venv/bin/python -m pip install -q "$@" "${SCRATCH}[jetson]" || true
}

# Everything that is installed, so that another version is noticed.
source_sums() {
    find edgepose setup.cfg setup.py -type f -not -name '*.pyc' -not -name '*.so' -print0 | sort -z | xargs -0 sha256sum
}

device_unit() {
    local group groups=()
    for group in video render i2c gpio jtop; do
        getent group "$group" >/dev/null && groups+=("$group")
    done
    place 0644 systemd/edgepose.service $UNITS/edgepose.service
    if [ ${#groups[@]} != 0 ]; then
        printf '# The groups of this machine that may open cameras and the GPU.\n[Service]\nSupplementaryGroups=%s\n' \
            "${groups[*]}" >"$SCRATCH/groups.conf"
        place 0644 "$SCRATCH/groups.conf" $DROP_INS/groups.conf
    fi
    ! command -v nvargus-daemon >/dev/null || place 0644 systemd/edgepose.service.d/csi.conf $DROP_INS/csi.conf
    [ ! -e $ETC/mqtt-password ] || place 0644 systemd/edgepose.service.d/password.conf $DROP_INS/password.conf
    [ "$(readlink /usr/local/bin/edgepose)" = $OPT/venv/bin/edgepose ] ||
        act "put edgepose on the path" ln -sfn $OPT/venv/bin/edgepose /usr/local/bin/edgepose
}

device_start() {
    if ! systemd_runs; then
        printf 'systemd does not run here: the service is installed but not started.\n'
        return
    fi
    [ -z "$CHANGED$DRY_RUN" ] || act "reload systemd" systemctl daemon-reload
    systemctl is-enabled -q edgepose 2>/dev/null || act "start it at every boot" systemctl enable edgepose
    if grep -qs '^\[\[sources\]\]' $ETC/edgepose.toml; then
        if [ -n "$CHANGED$DRY_RUN" ] || ! systemctl is-active -q edgepose; then
            act "start it" systemctl restart edgepose
        fi
    else
        printf 'Name a camera in %s/edgepose.toml, then: sudo systemctl start edgepose\n' $ETC
    fi
}

# What the broker and Home Assistant keep of this device; a broker that cannot be asked must not end the removal.
forget_on_broker() {
    local password=()
    [ -e $OPT/venv/bin/edgepose ] && grep -qs '^url *= *"mqtts\?://' $ETC/edgepose.toml || return 0
    [ ! -e $ETC/mqtt-password ] || password=(--password-file $ETC/mqtt-password)
    act "clear what the broker keeps of this device" tolerantly \
        $OPT/venv/bin/edgepose mqtt forget --config $ETC/edgepose.toml ${password[@]+"${password[@]}"}
}

tolerantly() {
    "$@" || printf 'Not cleared; later: edgepose mqtt forget --url BROKER --device NAME\n'
}

uninstall_device() {
    if systemd_runs && [ -e $UNITS/edgepose.service ]; then
        act "stop the service" systemctl disable --now edgepose
    fi
    forget_on_broker
    local file
    for file in $UNITS/edgepose.service $DROP_INS /etc/sysusers.d/edgepose.conf /etc/tmpfiles.d/edgepose.conf \
        /usr/local/bin/edgepose $OPT; do
        if [ -e "$file" ] || [ -L "$file" ]; then act "remove $file" rm -rf "$file"; fi
    done
    ! systemd_runs || act "reload systemd" systemctl daemon-reload
    if [ -d $ETC ] || id edgepose >/dev/null 2>&1; then
        printf 'Kept: %s, /var/lib/edgepose and the user edgepose. To remove them as well:\n' $ETC
        printf '  rm -rf %s /var/lib/edgepose /var/cache/edgepose && userdel edgepose\n' $ETC
    fi
}
