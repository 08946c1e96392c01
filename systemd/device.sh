# The service on this board; sourced by install.sh. Every change goes through `act`, so that --dry-run can show them all.
# Its parts read each other's settings, and no place of ours has a blank in its name: three checks are off for that.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

OPT=/opt/edgepose
ETC=/etc/edgepose
STATE=/var/lib/edgepose
UNITS=/etc/systemd/system
DROP_INS=$UNITS/edgepose.service.d
PARTS=$(dirname "${BASH_SOURCE[0]}")/install

DRY_RUN=
CHANGED=
UNINSTALL=
YES=
CONFIG=
WHEELHOUSE=
SCRATCH=

for part in machine packages account release engine units trial uninstall; do
    # shellcheck source=/dev/null
    . "$PARTS/$part.sh"
done

device() {
    read_words "$@"
    [ -n "$DRY_RUN" ] || [ "$(id -u)" = 0 ] || die "installing a service needs root: sudo ./install.sh device"
    umask 022
    SCRATCH=$(mktemp -d) # root leaves nothing in the checkout
    trap 'rm -rf "$SCRATCH"' EXIT
    # shellcheck disable=SC2034
    LOG=/var/log/edgepose-install.log
    [ -z "$DRY_RUN" ] || LOG=$SCRATCH/install.log
    if [ -n "$UNINSTALL" ]; then
        uninstall_device
    else
        install_device
    fi
}

read_words() {
    while [ $# != 0 ]; do
        case "$1" in
            --dry-run) DRY_RUN=1 ;;
            --uninstall) UNINSTALL=1 ;;
            --yes) YES=1 ;;
            --config)
                CONFIG=${2:-} && shift
                [ -f "$CONFIG" ] || die "--config needs a file, found '${CONFIG:-nothing}'"
                ;;
            --wheelhouse)
                WHEELHOUSE=${2:-} && shift
                [ -d "$WHEELHOUSE" ] || die "--wheelhouse needs a folder of wheels, found '${WHEELHOUSE:-nothing}'"
                ;;
            *) usage >&2 && exit 2 ;;
        esac
        shift
    done
    [ -z "$CONFIG" ] || CONFIG=$(realpath "$CONFIG")
    [ -z "$WHEELHOUSE" ] || WHEELHOUSE=$(realpath "$WHEELHOUSE")
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

# place MODE FILE TARGET [GROUP]: copy a file where it is missing or differs.
place() {
    cmp -s "$2" "$3" || act "write $3" install -D -m "$1" ${4:+-g "$4"} "$2" "$3"
}

# confirmed QUESTION: yes where nobody can be asked, or --yes was said.
confirmed() {
    local answer
    [ -z "$YES" ] && [ -t 0 ] || return 0
    read -r -p "$1 [Y/n] " answer
    [ "${answer:-y}" = y ] || [ "$answer" = Y ]
}

systemd_runs() {
    [ -d /run/systemd/system ]
}

# as_service COMMAND...: as the service's user, where the service keeps its things.
as_service() {
    runuser -u edgepose -- env -C / HOME=$STATE STATE_DIRECTORY=$STATE XDG_CACHE_HOME=/var/cache/edgepose \
        PYTHONUNBUFFERED=1 "$@"
}

install_device() {
    say_machine
    device_packages
    device_account
    device_config
    device_release
    device_units
    device_engine
    device_switch
    device_trial
    sweep_releases
}
