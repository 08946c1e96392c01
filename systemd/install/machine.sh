# Which machine this is, and whether EdgePose can be installed on it.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

RELEASE_FILE=/etc/nv_tegra_release
NEEDS_MB=1500

is_jetson() {
    [ -e "$RELEASE_FILE" ]
}

say_machine() {
    local line
    if is_jetson; then
        line=$(head -n 1 "$RELEASE_FILE")
        printf 'Jetson: %s\n' "${line#\# }"
        case "$line" in
            '# R32'* | '# R34'* | '# R35'*)
                die "this is JetPack 4 or 5; EdgePose needs JetPack 6 or newer, which brings Python 3.10 and TensorRT 8.6: flash the board" ;;
        esac
    else
        printf 'No Jetson (%s is missing): the service will run on the CPU.\n' "$RELEASE_FILE"
    fi
    local place=$OPT free
    while [ ! -d "$place" ]; do place=$(dirname "$place"); done
    free=$(df --output=avail -m "$place" | tail -n 1)
    [ "$free" -ge $NEEDS_MB ] || die "$place has $free MB free, an installation needs $NEEDS_MB; make room"
}

# The board's own id, for its name on the broker: the end of the serial, which a card that is cloned does not bring along.
board_id() {
    local serial=
    [ ! -r /proc/device-tree/serial-number ] || serial=$(tr -d '\0\n ' </proc/device-tree/serial-number)
    [ -n "$serial" ] || serial=$(cat /etc/machine-id 2>/dev/null || hostname)
    printf '%s' "${serial: -8}" | tr '[:upper:]' '[:lower:]'
}
