# Takes the service away; what people configured and what it recorded stays.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

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
    local file unit
    if systemd_runs && [ -e $UNITS/edgepose.service ]; then
        act "stop the service" systemctl disable --now edgepose edgepose-engine.path edgepose-drill.timer
    fi
    forget_on_broker
    for unit in $UNIT_FILES; do set -- "$@" "$UNITS/$unit"; done
    for unit in $KINDS; do set -- "$@" "$UNITS/$unit"; done
    for file in "$@" /etc/sysusers.d/edgepose.conf /etc/tmpfiles.d/edgepose.conf /usr/local/bin/edgepose $OPT; do
        if [ -e "$file" ] || [ -L "$file" ]; then act "remove $file" rm -rf "$file"; fi
    done
    ! systemd_runs || act "reload systemd" systemctl daemon-reload
    if [ -d $ETC ] || id edgepose >/dev/null 2>&1; then
        printf 'Kept: %s, %s and the user edgepose. To remove them as well:\n' $ETC $STATE
        printf '  rm -rf %s %s /var/cache/edgepose && userdel edgepose\n' $ETC $STATE
    fi
}
