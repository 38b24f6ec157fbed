# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of this group share: results in TAP, and a command run with and
# without vmdev. Sourced. Works in a directory of its own on the disk.

count=0
failed=0
dir=$(mktemp -d "$VMDEV_MNT/run.XXXXXX")
cd "$dir" || exit 1
here=$(dirname "$(readlink -f "$OLDPWD/$0")")

echo "TAP version 13"

result() # STATUS WHAT
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count $2"
	else
		echo "not ok $count $2"
		failed=1
	fi
}

check() # WHAT COMMAND...
{
	local what=$1 status=0

	shift
	"$@" || status=1
	result "$status" "$what"
}

finish()
{
	echo "1..$count"
	cd / && rm -rf "$dir"
	exit "$failed"
}

number() # NAME: from the last report
{
	sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" report
}

# on_vmdev LIMIT-MIB COMMAND...
on_vmdev()
{
	local limit=$1

	shift
	vmdevctl run --pool-limit "${limit}M" --output report -- "$@"
}

# That the last run had four times its limit and kept to it, and paged. USED is what one
# process had, where the peak of all together doesn't say that.
used_four_times() # LIMIT-MIB [USED]
{
	local limit=$(($1 << 20)) used resident processes

	used=${2-$(number peak_bytes)}
	resident=$(number peak_resident_bytes)
	processes=$(number processes)
	echo "# $(tr -d '\n' < report)"
	check "memory is at least four times the limit" [ "$used" -ge $((4 * limit)) ]
	# each has it for itself
	check "the limit is kept" [ "$resident" -le $((limit * ${processes:-0})) ]
	check "pages came back from the store" [ "$(number faults_major)" -gt 0 ]
}

# same LIMIT-MIB COMMAND...: the same output and status with and without, at four times
# the limit. The command's standard input is the file named input, if there is one.
same()
{
	local status=0 status_on=0 input=/dev/null

	[ ! -e input ] || input=input
	"${@:2}" < "$input" > out || status=$?
	on_vmdev "$@" < "$input" > out_on || status_on=$?
	check "exit status $status without, $status_on with" [ "$status" -eq "$status_on" ]
	check "the output is the same" cmp out out_on
	check "there is output" [ -s out ]
	used_four_times "$1"
}
