# tasks.sh - commands side by side, each with a log of its own; what still goes on is said every few seconds.
# Sourced, never run, after common.sh. A script that starts tasks ends them all when it ends itself.
# shellcheck shell=bash

TASKS_SAY_EVERY=8 # seconds

declare -A TASKS_PID TASKS_LOG
TASKS_ORDER=()
exec {TASKS_NEVER}<> <(:) # nothing is ever written to it

# task_pause: a moment before what is waited for is looked at again; without a process for it, as sleep would be
task_pause() { read -rt 0.3 -u "$TASKS_NEVER" || true; }

# task_start NAME LOG COMMAND...: begins it; in a process group of its own, so that all of it can be ended
task_start() {
    local name=$1 log=$2
    shift 2
    TASKS_LOG[$name]=$log
    TASKS_ORDER+=("$name")
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    TASKS_PID[$name]=$!
    set +m
}

# tasks_stop: ends those that have not ended; for the trap on EXIT of who starts them
tasks_stop() {
    local name
    for name in "${!TASKS_PID[@]}"; do
        kill -- "-${TASKS_PID[$name]}" 2>/dev/null || true
    done
}

# task_progress NAME: the last line of its log, without what a terminal would not show; a script may say it otherwise,
# and nothing for a task of which there is nothing to say
task_progress() {
    if [ -s "${TASKS_LOG[$1]}" ]; then
        tail -n 1 "${TASKS_LOG[$1]}" | tr -d '\r' | sed 's/^== //' | cut -c 1-100
    else
        echo "begun"
    fi
}

# task_runs NAME
task_runs() { [ -n "${TASKS_PID[$1]:-}" ] && kill -0 "${TASKS_PID[$1]}" 2>/dev/null; }

# tasks_say: what all do that still run, in one line
tasks_say() {
    local name does line=
    for name in "${TASKS_ORDER[@]}"; do
        if task_runs "$name"; then
            does=$(task_progress "$name")
            [ -z "$does" ] || line+="; $name: $does"
        fi
    done
    say "$SECONDS s${line/#;/:}"
}

# task_end NAME: its exit status; the end of its log goes to stderr where it failed
task_end() {
    local status=0
    wait "${TASKS_PID[$1]}" || status=$?
    unset "TASKS_PID[$1]"
    [ "$status" -eq 0 ] || tail -n 30 "${TASKS_LOG[$1]}" >&2
    return "$status"
}

# task_wait NAME...: until all of them have ended, or one has failed: then 1
task_wait() {
    local name left=("$@") still said=$SECONDS
    while [ ${#left[@]} -gt 0 ]; do
        still=()
        for name in "${left[@]}"; do
            if task_runs "$name"; then
                still+=("$name")
            else
                task_end "$name" || { say "failed: $name"; return 1; }
            fi
        done
        left=("${still[@]}")
        if [ $((SECONDS - said)) -ge $TASKS_SAY_EVERY ]; then
            tasks_say
            said=$SECONDS
        fi
        [ ${#left[@]} -eq 0 ] || task_pause
    done
}
