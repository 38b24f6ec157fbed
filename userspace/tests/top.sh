#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# vmdevctl top in a real terminal: tmux presses its keys and its screens are read,
# over a made-up /sys that changes under it; and what stat and doctor do otherwise in a
# terminal. top.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
make_sysroot
sleeper=''
server=0
trap 'kill $sleeper 2>/dev/null || true; tm kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
export LC_ALL=C.UTF-8
# a leak check begun when the terminal has gone may never end
export ASAN_OPTIONS=detect_leaks=0

tm()
{
	tmux -S "$work/tmux$server" -f /dev/null "$@"
}

# start COMMAND [WIDTH [HEIGHT]]: top as it is called there; its exit status follows it
start()
{
	tm kill-server 2>/dev/null || true
	server=$((server + 1))
	tm new-session -d -x "${2:-100}" -y "${3:-30}" \
		"export TOP='$tool top -R $sysroot'; $1; echo \"ended \$?\"; exec sleep 1000"
}

# capture [-e] [-S -]: what is on the screen now, with its colours, with all before it
capture()
{
	tm capture-pane -p "$@" >"$log" 2>&1
}

has()
{
	grep -q -- "$1" "$log"
}

lacks()
{
	! has "$1"
}

# sees NAME PATTERN [lacks]: it comes (goes) within some time
sees()
{
	local tries bad=1
	for ((tries = 0; tries < 150 && bad; tries++)); do
		capture
		if "${3:-has}" "$2"; then bad=0; else sleep 0.2; fi
	done
	report $bad "$1"
}

# now NAME PATTERN [lacks]: what was captured has it (lacks it)
now()
{
	local bad=0
	"${3:-has}" "$2" || bad=1
	report $bad "$1"
}

keys()
{
	tm send-keys "$@"
}

# set_file FILE VALUE: in one step, as the kernel would
set_file()
{
	printf '%s\n' "$2" >"$1.new"
	mv "$1.new" "$1"
}

# list_order: the ids of the spaces, from the top of the list
list_order()
{
	capture
	awk '/^ +ID +PID/ { list = 1; next } /^q quit/ { list = 0 }
		list && NF { printf "%s ", $1 }' "$log"
}

# in_order NAME IDS: they stand so within some time
in_order()
{
	local tries bad=1
	for ((tries = 0; tries < 100 && bad; tries++)); do
		if [[ $(list_order) == "$2" ]]; then bad=0; else sleep 0.2; fi
	done
	report $bad "$1"
}

# ---- where there is no screen ----

says 1 "top needs a terminal; use 'vmdevctl stat' where there is none" top -R "$sysroot" </dev/null
see="see 'vmdevctl top --help'"
says 2 "--sort x: no such column; $see" top --sort x
mapfile -t sortable < <("$tool" top --help | tr -s '\n ' ' ' |
	sed 's/.*sort the spaces by \(.*\) (resident).*/\1/; s/,\| or / /g' | xargs -n 1)
for column in "${sortable[@]}"; do
	says 1 "top needs a terminal; use 'vmdevctl stat' where there is none" \
		top -R "$sysroot" --sort "$column" </dev/null
done
check "every column is in the help" test ${#sortable[@]} -eq \
	"$(sed -n '/^const struct top_column/,/^}/p' "$here/../vmdevctl/top_draw.c" | grep -c ', [0-9]* },')"
says 2 "--delay 0.09: must be seconds, 0.1 to 3600; $see" top --delay 0.09
says 2 "--delay 3601: must be seconds, 0.1 to 3600; $see" top -d 3601
says 2 "--delay x: must be seconds, 0.1 to 3600; $see" top -d x
start "TERM=none-such \$TOP 2>&1"
sees "a terminal that isn't known" \
	"^vmdevctl: unknown terminal type 'none-such'; set TERM to that of yours\$"
sees "is a failure" '^ended 1$'
start "TERM=dumb \$TOP"
sees "a terminal without a screen" \
	"^vmdevctl: a terminal of type 'dumb' has no screen; use 'vmdevctl stat'\$"
start "$tool top -R $work/none"
sees "no module" "^vmdevctl: vmdev isn't loaded; run 'vmdevctl load'\$"

# ---- what is shown ----

# A process that is named there must still live when all keys have been pressed.
sleep 1000 &
sleeper=$!
columns="id pid comm size frames swapped dirty faults_minor faults_major faults_zero refaults"
columns+=" evictions read_pages written_pages readahead readahead_hits"
# spaces FAULTS: three, of which the second has that many faults
spaces()
{
	set_file "$debugfs/spaces" "$columns
3 411 cat 8388608 100 200 50 1000 2000 3000 400 500 600 700 800 80
7 $sleeper sleep 16777216 300 20 5 $1 20 30 $1 5 $1 7 8 9
12 413 $(printf '\303\244\377')x 4096 1 0 0 0 0 1 0 0 0 0 0 0"
}
spaces 0
set_file "$sysfs/pool/frames" 16384
set_file "$sysfs/pool/free" 4096
set_file "$sysfs/pool/dirty" 2048
set_file "$sysfs/store/slots" 262144
set_file "$sysfs/store/used" 131072
for name in read_errors write_errors checksum_errors; do
	set_file "$sysfs/store/$name" 0
done
set_file "$sysfs/stats/oom" 0
start "\$TOP -d 0.3" 130
sees "the title" '^vmdev [0-9:]*, every 0.3 s, policy clock, 2 spaces$'
sees "the pool, with a bar" '^Pool *\[#\{18\}+\{4\} \{8\}\] 48 MiB of 64 MiB, dirty 8 MiB, pin'
sees "the store" '^Store *\[#\{15\} \{15\}\] 512 MiB of 1 GiB, /var/tmp/a "b.c$'
sees "a space" "^ *7 *$sleeper sleep  *1.1M  *80K  *0  *0  *0  *0  *16M  *20K  *0\$"
sees "a name that is no text" '^ *12 *413 ä?x  *4K '
in_order "the largest on top" "7 3 12 "
set_file "$debugfs/spaces" "$columns
9 0 vmdev-scratch 8388608 100 200 50 1000 2000 3000 400 500 600 700 800 80
10 5 vmdev-scratch 8388608 100 200 50 1000 2000 3000 400 500 600 700 800 80"
sees "a volume by its name" '^ *9  *volume scratch  *400K  *800K '
sees "and a process that is called as one" '^ *10  *5 vmdev-scratch  *400K  *800K '
spaces 0
in_order "and they are gone" "7 3 12 "
keys l
sees "latency since the load" '^Latency  since load  p50 < 1ms  p90 < 16ms  p99 < 32ms '
sees "its histogram has bars" '█ █ █'
keys l
sees "and of the last interval" '^Latency  now *p50 < - '

# ---- what changes ----

set_file "$sysfs/stats/faults" $((RANDOM + 100000))
set_file "$sysfs/stats/faults_major" 2000
set_file "$sysfs/store/read_pages" 9000
set_file "$sysfs/store/read_ios" 2000
set_file "$debugfs/latency" "$(sed 's/^4096 .*/4096 1000/' "$debugfs/latency")"
spaces 5000
sees "a rate, and a bar for it that stays" '^Faults .*█'
sees "pages read, and a bar" '^Read .*█'
for ((i = 1; i < 600; i++)); do
	set_file "$sysfs/stats/faults" $((200000 + i * 1000))
	set_file "$sysfs/stats/faults_major" $((3000 + i * 1000))
	set_file "$debugfs/latency" "$(sed "s/^4096 .*/4096 $((1000 + i * 10))/" "$debugfs/latency")"
	spaces $((5000 + i * 1000))
	sleep 0.2
done &
changes=$!
sees "faults a second" '^Faults *[1-9][0-9]*/s .* major [1-9]'
sees "latency of the last interval" '^Latency  now *p50 < 8us  p90 < 8us  p99 < 8us'
sees "faults, refaults and reads of a space" \
	"^ *7 *$sleeper sleep  *1.1M  *80K  *[1-9][0-9]*  *[1-9][0-9]*  *[1-9][0-9.]*[KM] "
sees "sparklines go on" '^Faults .*\([▁▂▃▄▅▆▇█] *\)\{4\}'
kill $changes
wait $changes || true

# ---- keys ----

keys N
in_order "N sorts by id, upwards" "3 7 12 "
keys r
in_order "r turns it round" "12 7 3 "
keys P
in_order "P sorts by process" "$( ((sleeper < 411)) && echo '7 3 12 ' || echo '3 12 7 ')"
keys C
in_order "C sorts by name" "3 7 12 "
keys W
in_order "W sorts by what is swapped" "3 7 12 "
keys '<'
in_order "< goes to the column before" "7 3 12 "
keys '>'
in_order "> goes to the next" "3 7 12 "
keys Left
in_order "so do the arrows" "7 3 12 "
keys h
sees "h is for help" '^vmdevctl top: keys$'
keys x
sees "and any key for going back" '^vmdev [0-9:]*, every'
keys +
sees "+ makes the interval longer" ', every 0.6 s,'
keys -
sees "- makes it shorter" ', every 0.3 s,'
keys p
sees "p pauses" ' paused *$'
set_file "$sysfs/policy/current" fifo
sleep 2
capture
now "nothing changes while it is paused" '^vmdev .* policy clock,'
keys Space
sees "space goes on" ', policy fifo,'
for key in {a..g} i j k m n o {s..z} A B {E..M} O {S..Z} {0..9} ! @ '#' '$' % '&' '*' '(' ')' Tab \
	Enter BSpace Escape F2 F9 DC IC Up Down PPage NPage Home End C-l M-k; do
	keys "$key"
done
sees "other keys do nothing" '^vmdev [0-9:]*, every'
check "no key ended anybody" kill -0 "$sleeper"

# ---- a list that is longer than the screen ----

{
	echo "$columns"
	for ((i = 1; i <= 100; i++)); do
		echo "$i 1 many 4096 $((1000 - i)) 0 0 0 0 0 0 0 0 0 0 0"
	done
} >"$debugfs/new"
mv "$debugfs/new" "$debugfs/spaces"
keys N
sees "the beginning" '^ *1 *1 many'
keys End
sees "the end" '^ *100 *1 many'
sees "without the beginning" '^ *1 *1 many' lacks
keys Home Down
sees "a line down" '^ *2 *1 many'
sees "hides the first" '^ *1 *1 many' lacks
keys Up
sees "a line up" '^ *1 *1 many'
keys NPage
sees "a page down" '^ *1 *1 many' lacks

# ---- sizes ----

for size in "200 60" "80 24" "40 10" "20 5" "5 3" "1 1" "300 100" "79 12"; do
	tm resize-window -x "${size% *}" -y "${size#* }"
	sleep 0.5
done
sees "it still works after other sizes" '^vmdev [0-9:]*, every'
tm resize-window -x 80 -y 24
sees "what it is about fits 80 columns" \
	'^ *ID *PID COMMAND *RESIDENT *SWAPPED *FAULT/S *REFLT/S *READ/S *WRITE/S$'
sees "with the histogram, in 24 lines" '^ *256ns   4us     64us'
sees "and the keys" '^q quit  h help'

# ---- the module goes and comes ----

mv "$sysfs" "$work/gone"
sees "unloaded" "^vmdev isn't loaded; run 'vmdevctl load'; waiting for it"
sees "nothing old is shown" '^Pool' lacks
mv "$work/gone" "$sysfs"
sees "loaded again" '^Pool '
sees "the message goes" "isn't loaded" lacks
mv "$sysfs/stats/faults" "$work/faults"
echo x >"$sysfs/stats/faults"
sees "files that can't be read" '^cannot read /sys/kernel/vmdev: Invalid argument'
mv "$work/faults" "$sysfs/stats/faults"
sees "and can again" '^cannot read' lacks
set_file "$sysfs/store/write_errors" 3
sees "what went wrong" '^Store .*, errors: write 3'
mv "$debugfs" "$work/hidden"
sees "without debugfs" '^Only root can see the spaces, where debugfs is mounted.'
mv "$work/hidden" "$debugfs"
keys q
sees "q ends it, with success" '^ended 0$'
now "and leaves the terminal as it was" vmdev lacks

# ---- colours and characters ----

ascii_bars='^ * # *$'
colour=$'\033\[[0-9;]*3[1-6]m'
start "unset NO_COLOR; \$TOP"
sees "started" '^Pool'
capture -e
now "colours on a terminal that has them" "$colour"
start "NO_COLOR=1 \$TOP"
sees "started with NO_COLOR" '^Pool'
capture -e
now "no colours with NO_COLOR" "$colour" lacks
start "TERM=vt100 \$TOP"
sees "a terminal without colours" '^Pool'
capture -e
now "has none" "$colour" lacks
start "\$TOP --ascii -d 0.2"
keys l
sees "--ascii has bars, too" "$ascii_bars"
now "of ASCII alone" '[▁▂▃▄▅▆▇█]' lacks
start "LC_ALL=C \$TOP -d 0.2 -s pid"
keys l
sees "so has a terminal without UTF-8" "$ascii_bars"

# ---- the other ways to end ----

keys C-c
sees "an interrupt ends it" '^ended 0$'
start "\$TOP"
sees "started again" '^Pool'
pid=$(pgrep -P "$(tm display-message -p '#{pane_pid}')")
kill -TERM "$pid"
sees "so does SIGTERM" '^ended 0$'
start "exec \$TOP"
sees "and again" '^Pool'
pid=$(tm display-message -p '#{pane_pid}')
tm kill-server
for ((i = 0; i < 100; i++)); do
	kill -0 "$pid" 2>/dev/null || break
	sleep 0.2
done
check "and a terminal that goes away" bash -c "! kill -0 $pid 2>/dev/null"

# ---- stat and doctor ----

start "$tool stat -R $sysroot 0.1 30" 100 10
sees "stat in a small terminal" '^ended 0$'
capture -S -
check "names its columns again after every 7 lines" test "$(grep -c 'minor major' "$log")" -eq 5
start "$tool stat -n -R $sysroot 0.1 30" 100 10
sees "with --one-header" '^ended 0$'
capture -S -
check "it doesn't" test "$(grep -c 'minor major' "$log")" -eq 1
start "unset NO_COLOR; $tool doctor"
sees "doctor" '^ended [01]$'
capture -e
now "has colours" "$colour"
start "NO_COLOR=1 $tool doctor"
sees "doctor with NO_COLOR" '^ended [01]$'
capture -e
now "has none" "$colour" lacks

echo "1..$count"
