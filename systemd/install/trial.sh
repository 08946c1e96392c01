# The end of an installation: does a camera see, does an alert arrive?
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

device_trial() {
    if [ -z "$DRY_RUN" ] && [ -s "$NEW/missing" ]; then
        printf 'Could not be built here: %s. The service runs on the CPU without pycuda; see: edgepose doctor\n' \
            "$(tr '\n' ' ' <"$NEW/missing")"
    fi
    if ! systemd_runs || ! has_camera; then return 0; fi
    if [ -n "$DRY_RUN" ]; then
        printf 'would ask the service for what its cameras see, and for a drill\n'
        return
    fi
    as_service $OPT/venv/bin/edgepose engine running || true
    if grep -qs '^url *=' $ETC/edgepose.toml && confirmed "Send a drill, an alert that is marked as one?"; then
        as_service $OPT/venv/bin/edgepose alert test ||
            printf 'The drill did not arrive; the service runs. See: edgepose alert test --help\n'
    fi
}
