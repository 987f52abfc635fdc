# Steps of tests/run and tests/campaign: each is run with a time limit, logged, and counted as passed,
# failed, or not run. Sourced from the top of the tree.
# shellcheck shell=bash

readonly logs=build/test-logs
readonly stage_seconds=600
jobs=$(nproc)
readonly jobs
passed=0
failed=0
skipped=0
failures=()

say() {
    printf '%s\n' "$@"
}

begin() {
    say "" "== $1 =="
}

# result passed|failed|skipped NAME SECONDS [REASON]
result() {
    local outcome=$1 name=$2 seconds=$3 reason=${4-}
    case $outcome in
        passed) ((passed++)); say "ok       $name ($seconds s)" ;;
        failed) ((failed++)); failures+=("$name"); say "FAILED   $name ($seconds s)" ;;
        skipped) ((skipped++)); say "NOT RUN  $name: $reason" ;;
    esac
}

# Why a program that exited with 77 did not run: what it said about it.
reason_in() {
    grep -m 1 -oP 'NOT RUN:?\s*\K.*' "$1" || echo "no reason given; see $1"
}

# step NAME SECONDS COMMAND...: one thing that passes, fails, or says (by 77) that it cannot run.
step() {
    local name=$1 limit=$2 log status started=$SECONDS
    shift 2
    log=$logs/${name//[^A-Za-z0-9._-]/-}.log
    timeout --kill-after=10 "$limit" "$@" > "$log" 2>&1 < /dev/null
    status=$?
    if ((status == 0)); then
        result passed "$name" $((SECONDS - started))
    elif ((status == 77)); then
        result skipped "$name" $((SECONDS - started)) "$(reason_in "$log")"
    else
        result failed "$name" $((SECONDS - started))
        ((status != 124)) || say "         it did not end within $limit s"
        tail -n 40 "$log" | sed 's/^/         /'
        return 1
    fi
}

configure_and_build() {
    step "configure $1" "$stage_seconds" cmake --preset "$1" &&
        step "build $1" "$stage_seconds" cmake --build --preset "$1" --parallel "$jobs"
}

# Each test of ctest counts as one.
ctest_stage() {
    local preset=$1 log=$logs/ctest-$1.log line
    shift
    # One more than processors: many of them wait for others most of their time.
    timeout --kill-after=10 "$stage_seconds" \
        ctest --preset "$preset" --parallel "$((jobs + 1))" "$@" > "$log" 2>&1 < /dev/null
    local status=$? count=0 regex='Test +#[0-9]+: ([^ ]+) \.*(\*\*\*|   )(.*[^0-9.])([0-9.]+) sec'
    while IFS= read -r line; do
        [[ $line =~ $regex ]] || continue
        ((count++))
        case ${BASH_REMATCH[3]} in
            Passed*) ((passed++)) ;;
            Skipped*) result skipped "$preset: ${BASH_REMATCH[1]}" 0 "see $log" ;;
            *) result failed "$preset: ${BASH_REMATCH[1]}" "${BASH_REMATCH[4]}" ;;
        esac
    done < "$log"
    if ((status != 0)); then
        sed 's/^/         /' "$log" | tail -n 100
    fi
    # A run that was cut off or found nothing must not look like success.
    if ((count == 0)) || { ((status != 0)) && ! grep -q 'tests failed out of' "$log"; }; then
        result failed "ctest $preset" 0
    fi
    say "$count tests in $preset"
}

# beside_begin NAME NICENESS runs the function of that name in the background; beside_end NAME waits
# for it, shows its steps and counts them.
declare -A beside

beside_begin() {
    local name=$1 niceness=$2
    rm -f "$logs/beside-$name.counts"
    (
        renice -n "$niceness" "$BASHPID" > /dev/null
        passed=0 failed=0 skipped=0 failures=()
        "$name"
        {
            echo "$passed $failed $skipped"
            ((failed == 0)) || printf '%s\n' "${failures[@]}"
        } > "$logs/beside-$name.counts"
    ) > "$logs/beside-$name.log" 2>&1 < /dev/null &
    beside[$name]=$!
}

beside_end() {
    local name=$1 more=()
    wait "${beside[$name]}"
    cat "$logs/beside-$name.log"
    mapfile -t more < "$logs/beside-$name.counts" || true
    if ((${#more[@]} == 0)); then
        result failed "$name" 0 # it was cut off
        return
    fi
    local counts
    read -ra counts <<< "${more[0]}"
    ((passed += counts[0], failed += counts[1], skipped += counts[2])) || true
    failures+=("${more[@]:1}")
}

# One tests/run or tests/campaign at a time in this folder.
lock_folder() {
    mkdir -p "$logs"
    exec 9> build/test-run.lock
    flock --nonblock 9 || {
        say "another run of the tests is at work in this folder"
        exit 75
    }
}

summary() {
    local counts="$passed passed, $failed failed"
    ((skipped == 0)) || counts+=", $skipped skipped"
    say ""
    ((failed == 0)) || printf 'failed: %s\n' "${failures[@]}"
    say "took $((SECONDS / 60)) min $((SECONDS % 60)) s; logs are in $logs" "$counts"
    ((failed == 0)) || exit 1
    exit 0
}
