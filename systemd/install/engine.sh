# The engine of the configured model, built as the service's user before the service starts.
# shellcheck shell=bash disable=SC2034,SC2086,SC2206

device_engine() {
    is_jetson || return 0
    local command=("$NEW/venv/bin/edgepose" build --config $ETC/edgepose.toml)
    if [ -n "$DRY_RUN" ]; then
        printf 'would build the engine (minutes)\n        %s\n' "${command[*]}"
        return
    fi
    printf 'build the engine of the configured model (minutes the first time)\n'
    if ! as_service "${command[@]}"; then
        printf 'No engine: the service runs on the CPU and says so; after mending it: sudo systemctl start edgepose-engine\n'
    fi
}
