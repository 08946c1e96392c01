# The service's user, its folders, this device's key, and the configuration with its secrets.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

device_account() {
    place 0644 systemd/sysusers.conf /etc/sysusers.d/edgepose.conf
    place 0644 systemd/tmpfiles.conf /etc/tmpfiles.d/edgepose.conf
    id edgepose >/dev/null 2>&1 || act "make the user edgepose" systemd-sysusers /etc/sysusers.d/edgepose.conf
    if [ ! -d $ETC/conf.d ] || [ ! -d $STATE/models ]; then
        act "make $ETC and $STATE" systemd-tmpfiles --create /etc/tmpfiles.d/edgepose.conf
    fi
    [ -e $ETC/engine.key ] || act "make this device's key for its engines" make_key
    [ ! -e $ETC/mqtt-password ] || [ "$(stat -c '%a %U' $ETC/mqtt-password)" = '600 root' ] ||
        act "keep the broker's password for root alone" private $ETC/mqtt-password
}

private() {
    chown root:root "$1" && chmod 0600 "$1"
}

make_key() {
    head -c 32 /dev/urandom >"$SCRATCH/engine.key" &&
        install -m 0640 -o root -g edgepose "$SCRATCH/engine.key" $ETC/.engine.key &&
        mv -n $ETC/.engine.key $ETC/engine.key
}

device_config() {
    if [ -n "$CONFIG" ]; then
        [ ! -e $ETC/edgepose.toml ] || cmp -s "$CONFIG" $ETC/edgepose.toml ||
            act "keep the configuration of before" cp -p $ETC/edgepose.toml $ETC/edgepose.toml.before
        place 0640 "$CONFIG" $ETC/edgepose.toml edgepose
    elif [ ! -e $ETC/edgepose.toml ]; then
        sed "s/^device = .*/device = \"edgepose-$(board_id)\"/" systemd/edgepose.toml >"$SCRATCH/edgepose.toml"
        place 0640 "$SCRATCH/edgepose.toml" $ETC/edgepose.toml edgepose
    fi
}
