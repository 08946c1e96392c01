#!/usr/bin/env bash
# Runs inside of simulated_jetson.sh: install, again, an upgrade, a failed upgrade, a broken engine, and the removal.
set -euo pipefail
LOG=/run/fake-systemd/edgepose.service.log
MODEL=/var/lib/edgepose/models/edgepose-lite.engine
n_checks=0
trap '[ $? = 0 ] || tail -n 40 $LOG /var/log/edgepose-install.log' EXIT

check() {
    local what=$1
    shift
    if "$@" >/tmp/check 2>&1; then
        n_checks=$((n_checks + 1))
        printf 'ok      %s\n' "$what"
    else
        printf 'FAILED  %s\n' "$what" && cat /tmp/check && tail -n 20 $LOG 2>/dev/null
        exit 1
    fi
}
says() { [[ $1 =~ $2 ]]; }
not() { ! "$@"; }
runs_on() { # BACKEND: what the running service says that it runs on
    local _
    for _ in $(seq 60); do
        [[ $(edgepose engine running --json 2>/dev/null) == *"\"backend\": \"$1\""* ]] && return 0
        sleep 0.5
    done
    edgepose engine running --json
    return 1
}
says_why() { [[ $(edgepose engine running --json) == *"is not the file that was built"* ]]; }
becomes() { # COMMAND...: it comes true within half a minute
    local _
    for _ in $(seq 60); do
        "$@" && return 0
        sleep 0.5
    done
    return 1
}
writable() { # a copy of the checkout, to make other versions of
    rm -rf "$1" && mkdir "$1" && cp -r edgepose systemd install.sh setup.cfg setup.py pyproject.toml README.md LICENSE NOTICE "$1"
}

printf '[mqtt]\nurl = ""\n[[sources]]\nuri = "synthetic://?live=true&frames=0&people=1"\nname = "hall"\n' >/tmp/hall.toml
export TMPDIR=/run/scratch # where whatever the installation leaves would be seen
mkdir $TMPDIR

said=$(./install.sh device --dry-run --config /tmp/hall.toml)
check "a dry run names the engine" says "$said" "would build the engine"
check "and makes nothing" not test -e /opt/edgepose
printf '%s\n' "--- install" && ./install.sh device --yes --config /tmp/hall.toml | tee /tmp/said
check "the service runs" systemctl is-active edgepose
check "with the engine" runs_on tensorrt
check "of INT8" grep -q '"precision": "int8"' $MODEL.json
check "which is the service's own" test "$(stat -c '%U %a' $MODEL)" = "edgepose 600"
check "the key is root's, for the service's group" test "$(stat -c '%U:%G %a' /etc/edgepose/engine.key)" = "root:edgepose 640"
check "OpenCV is JetPack's, numpy what it was built against" /opt/edgepose/venv/bin/python -c \
    'import cv2, numpy; assert "dist-packages" in cv2.__file__ and cv2.__version__ == "4.8.1", cv2; assert numpy.__version__ == "1.26.4"'
check "the configuration is not for everybody" test "$(stat -c '%U:%G %a' /etc/edgepose/edgepose.toml)" = "root:edgepose 640"
check "it starts at every boot" systemctl is-enabled edgepose
check "nothing is left in the temporary folder" test -z "$(ls -A $TMPDIR)"
if [ -n "${QUICK:-}" ]; then
    printf '%s checks with TensorRT %s\n' "$n_checks" "$VERSION"
    exit
fi

printf '%s\n' "--- again" && said=$(./install.sh device --yes)
check "twice gives the same: nothing to do" not says "$said" "ok *[0-9]* s"

printf '%s\n' "--- upgrade" && writable /tmp/next && echo "# newer" >>/tmp/next/edgepose/version.py
first=$(readlink /opt/edgepose/venv)
(cd /tmp/next && ./install.sh device --yes) | tee /tmp/said
check "another release runs" test "$first" != "$(readlink /opt/edgepose/venv)"
check "with the engine" runs_on tensorrt
check "the one of before stays" test -d "$first"

printf '%s\n' "--- an upgrade that cannot read its own configuration" && writable /tmp/bad && echo "raise SystemExit(3)" >>/tmp/bad/edgepose/cli/run.py
good=$(readlink /opt/edgepose/venv)
check "is refused" not bash -c 'cd /tmp/bad && ./install.sh device --yes'
check "and the version of before still runs" test "$good" = "$(readlink /opt/edgepose/venv)"
check "without a pause" systemctl is-active edgepose

printf '%s\n' "--- an upgrade that does not come up"
writable /tmp/late
printf 'import os\nif os.environ.get("NOTIFY_SOCKET"):\n    raise SystemExit(3)\n' >>/tmp/late/edgepose/device/engine_keeper.py
check "is refused" not bash -c 'cd /tmp/late && ./install.sh device --yes >/tmp/said 2>&1'
check "says that the one of before runs again" grep -q "did not come up; the one of before" /tmp/said
check "which is true" systemctl is-active edgepose
check "and is that of before" test "$good" = "$(readlink /opt/edgepose/venv)"

printf '%s\n' "--- an engine of somebody else"
printf 'x' | dd of=$MODEL bs=1 seek=99 conv=notrunc status=none
systemctl restart edgepose
check "the CPU watches, and says why" becomes says_why
check "the service asks for another" becomes test -e /var/lib/edgepose/models/wanted
pid=$(cat /run/fake-systemd/edgepose.service.pid)
check "which its unit builds" systemctl start edgepose-engine.service
check "and takes it without a restart" runs_on tensorrt
check "the same process" test "$pid" = "$(cat /run/fake-systemd/edgepose.service.pid)"

printf '%s\n' "--- uninstall" && ./install.sh device --uninstall --yes | tee /tmp/said
check "the program is gone" not test -e /opt/edgepose
check "and its units" test -z "$(find /etc/systemd/system -name 'edgepose*')"
check "nothing runs" not systemctl is-active edgepose
check "the configuration and the key stay" test -e /etc/edgepose/edgepose.toml -a -e /etc/edgepose/engine.key
check "and the engines" test -e $MODEL
printf '%s checks with TensorRT %s\n' "$n_checks" "$VERSION"
