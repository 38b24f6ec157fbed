# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Steps of a check: each has a name, a time it takes on two cores, and gives TAP.
# A step that fails doesn't stop the others, one that hangs is ended at four times
# its time. Where VMDEV_UNTIL (seconds since 1970) is set, a step that would not
# end before is left out, and says so. Sourced by check and check-debug.

results='' taps=()

begin_steps() # DIR
{
	results=$1
	rm -rf "$results"
	mkdir -p "$results"
}

# begin NAME SECONDS: sets tap and limit; false when there is no time for it
begin()
{
	tap=${results:?}/$1.tap
	taps+=("$tap")
	printf '%s\n' "${taps[@]}" > "$results/taps"
	limit=$(($2 * 4 + 60))
	started=$(date +%s)
	printf '\n== %s\n' "$1"
	[ -n "${VMDEV_UNTIL:-}" ] || return 0
	if [ $((started + $2)) -gt "$VMDEV_UNTIL" ]; then
		echo "ok 1 - $1 # SKIP no time left" | tee "$tap"
		return 1
	fi
	# what began in time may end a little late
	[ $((started + limit)) -le $((VMDEV_UNTIL + 300)) ] ||
		limit=$((VMDEV_UNTIL + 300 - started))
}

# A failure that the step itself did not report.
fail() # TEXT
{
	echo "not ok 1 - $1" | tee -a "$tap"
}

# step NAME SECONDS COMMAND...: good when the command is
step()
{
	local name=$1 log=$results/$1.log status=0

	begin "$1" "$2" || return 0
	shift 2
	timeout -k 20 "$limit" "$@" > "$log" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok 1 - $name ($(($(date +%s) - started)) s)" | tee "$tap"
	else
		tail -n 30 "$log"
		fail "$name (exit status $status, see $log)"
	fi
}

# tap NAME SECONDS COMMAND...: a command that prints TAP
tap()
{
	local name=$1 status=0

	begin "$1" "$2" || return 0
	shift 2
	timeout -k 20 "$limit" "$@" 2>&1 | tee "$tap" || status=$?
	[ "$status" -eq 0 ] || grep -q '^not ok' "$tap" || fail "$name (exit status $status)"
}

# vm_tests NAME SECONDS ARGUMENT...: of selftests/vm/run, which counts for itself
vm_tests()
{
	local name=$1 status=0

	begin "$1" "$2" || return 0
	shift 2
	timeout -k 20 "$limit" selftests/vm/run "$@" --timeout $((limit - 30)) --name "$name" ||
		status=$?
	cp "$VMDEV_BUILD/vm/$name/results.tap" "$tap" 2> /dev/null || true
	if [ "$status" -ne 0 ] && ! grep -q 'not ok' "$tap" 2> /dev/null; then
		fail "$name (exit status $status)"
	fi
}

end_steps()
{
	printf '\n== all\n'
	scripts/tap-summary "${taps[@]}" | tee "$results/summary"
}
