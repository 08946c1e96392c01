# The units with the drop-ins that this machine needs, and the switch to the new release.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

UNIT_FILES='edgepose.service edgepose@.service edgepose-engine.service edgepose-engine.path edgepose-engine@.service
    edgepose-engine@.path edgepose-failed@.service edgepose-drill.service edgepose-drill.timer'
KINDS='edgepose.service.d edgepose@.service.d edgepose-.service.d' # the last one holds for every edgepose-*.service

device_units() {
    local group groups=() unit kind
    for group in video render i2c gpio jtop; do
        getent group "$group" >/dev/null && groups+=("$group")
    done
    for unit in $UNIT_FILES; do place 0644 "systemd/$unit" "$UNITS/$unit"; done
    place 0644 systemd/edgepose-.service.d/hardening.conf "$UNITS/edgepose-.service.d/hardening.conf"
    printf '# The groups of this machine that may open cameras and the GPU.\n[Service]\nSupplementaryGroups=%s\n' \
        "${groups[*]-}" >"$SCRATCH/groups.conf"
    for kind in $KINDS; do
        [ ${#groups[@]} = 0 ] || place 0644 "$SCRATCH/groups.conf" "$UNITS/$kind/groups.conf"
        [ ! -e $ETC/mqtt-password ] || place 0644 systemd/edgepose.service.d/password.conf "$UNITS/$kind/password.conf"
    done
    if command -v nvargus-daemon >/dev/null; then
        place 0644 systemd/edgepose.service.d/csi.conf "$DROP_INS/csi.conf"
        place 0644 systemd/edgepose.service.d/csi.conf "$UNITS/edgepose@.service.d/csi.conf"
    fi
    [ "$(readlink /usr/local/bin/edgepose)" = $OPT/venv/bin/edgepose ] ||
        act "put edgepose on the path" ln -sfn $OPT/venv/bin/edgepose /usr/local/bin/edgepose
}

has_camera() {
    grep -qs '^\[\[sources\]\]' $ETC/edgepose.toml || grep -qs '^\[\[sources\]\]' $ETC/conf.d/*.toml
}

device_switch() {
    local is_new=
    [ "$(readlink "$OPT/venv" 2>/dev/null)" = "$NEW/venv" ] || is_new=1
    if ! systemd_runs; then
        [ -z "$is_new" ] || act "switch to $NEW" point "$NEW"
        printf 'systemd does not run here: the service is installed but not started.\n'
        return
    fi
    [ -z "$CHANGED$DRY_RUN" ] || act "reload systemd" systemctl daemon-reload
    if ! has_camera; then
        [ -z "$is_new" ] || act "switch to $NEW" point "$NEW"
        printf 'Name a camera in %s/edgepose.toml, then: sudo systemctl enable --now edgepose\n' $ETC
        return
    fi
    if [ -n "$is_new" ]; then
        act "switch to $NEW and start it" switch_or_go_back
    elif [ -n "$CHANGED$DRY_RUN" ] || ! systemctl is-active -q edgepose; then
        act "start it" systemctl restart edgepose
    fi
    systemctl is-enabled -q edgepose 2>/dev/null ||
        act "start it at every boot" systemctl enable edgepose edgepose-engine.path
    systemctl is-active -q edgepose-engine.path 2>/dev/null ||
        act "build engines when the service asks" systemctl start edgepose-engine.path
}

# Start the service with the new release; where it does not come up, all is as before, and the installation fails.
switch_or_go_back() {
    local spool=$STATE/alerts.db
    systemctl stop edgepose || true
    rm -rf "$STATE/.alerts.before" && mkdir -m 0700 "$STATE/.alerts.before"
    cp -p "$spool" "$spool"-* "$STATE/.alerts.before" 2>/dev/null || true
    point "$NEW"
    if systemctl restart edgepose && is_still_up; then
        rm -rf "$STATE/.alerts.before"
        return 0
    fi
    journalctl -u edgepose -n 20 --no-pager 2>/dev/null || true
    systemctl stop edgepose || true
    if [ -n "$BEFORE" ] && [ -d "$BEFORE/venv" ]; then
        point "$BEFORE"
        cp -p "$STATE/.alerts.before"/* "$STATE" 2>/dev/null || true
        systemctl restart edgepose || true
        printf 'The new version did not come up; the one of before (%s) runs again.\n' "$BEFORE"
    else
        printf 'The service did not come up: journalctl -u edgepose\n'
    fi
    rm -rf "$STATE/.alerts.before" "$NEW/.complete"
    return 1
}

# Whether it is still the same start a little later: a service that ends at once is started again and again.
is_still_up() {
    local first
    first=$(systemctl show -p NRestarts --value edgepose)
    sleep "${EDGEPOSE_SETTLE_S:-8}"
    systemctl is-active -q edgepose && [ "$(systemctl show -p NRestarts --value edgepose)" = "$first" ]
}
