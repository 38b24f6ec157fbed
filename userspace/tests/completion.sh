#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Completion in bash, zsh and fish: all commands, all options of each command, values.
# Each shell is asked itself. completion.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
completion=$here/../completion
mkdir "$work/bin"
ln -s "$(readlink -f "$tool")" "$work/bin/vmdevctl"
# A program with a completion of its own in each shell.
printf '#!/bin/sh\n' >"$work/bin/frobnicate-all"
chmod +x "$work/bin/frobnicate-all"
PATH=$work/bin:$PATH

# The candidates for the last word of a command line, one a line, sorted.
ask_bash()
{
	# shellcheck disable=SC2016
	bash -c '. /usr/share/bash-completion/bash_completion; . "$1"; shift
		_frob() { COMPREPLY=($(compgen -W "alpha beta --gamma" -- "${COMP_WORDS[COMP_CWORD]}")); }
		complete -F _frob frobnicate-all
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
		_vmdevctl "$1"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$completion/vmdevctl.bash" "$@" | sort
}

# zsh completes in its line editor alone: a Tab is typed in a terminal of its own.
ask_zsh()
{
	python3 - "$completion" "$*" <<'PYTHON' | sort
import os, pty, re, select, sys, time
directory, line = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", COLUMNS="200", LINES="200", ZDOTDIR="/none")
    os.execvp("zsh", ["zsh", "-f", "-i"])
def until(mark, text=b""):
    end = time.time() + 60
    while mark not in text and time.time() < end:
        if select.select([fd], [], [], 1)[0]:
            text += os.read(fd, 65536)
    return text
setup = """PS1=; fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D
compadd() { local -a d=(); local i; if (( ${@[(I)-[OAD]]} )); then builtin compadd "$@"; return; fi
  builtin compadd -O found "$@"; print -rl -- $found >> $ANSWER; builtin compadd "$@"; }
_frob() { compadd -- alpha beta --gamma; }; compdef _frob frobnicate-all
bindkey '^I' complete-word; echo RE''ADY
""" % directory
import tempfile
answer = tempfile.NamedTemporaryFile(mode="r")
os.write(fd, ("ANSWER=%s\n" % answer.name + setup).encode())
until(b"READY")
os.write(fd, line.encode() + b"\t")
end, old = time.time() + 30, None
while time.time() < end:
    time.sleep(0.5)
    now = open(answer.name).read()
    if now and now == old:
        break
    old = now
os.close(fd)
print("\n".join(sorted(set(filter(None, open(answer.name).read().split("\n"))))))
PYTHON
}

ask_fish()
{
	fish --no-config -c "source '$completion/vmdevctl.fish';
		complete -c frobnicate-all -f -a 'alpha beta --gamma'; complete -C '$*'" | cut -f1 | sort
}

same()
{
	local shell=$1 name=$2 want=$3 got
	shift 3
	got=$("ask_$shell" "$@" 2> "$err")
	printf '%s\n' "$got" > "$out"
	check "$shell: $name" test "$got" = "$want"
}

commands=$("$tool" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
check "there are commands" test "$(wc -w <<<"$commands")" -ge 6
# What is between "by" and "(resident)" in the help of --sort.
columns=$("$tool" top --help | tr -s '\n ' ' ' |
	sed -n 's/.*sort the spaces by \(.*\) (resident).*/\1/p' | sed 's/,\| or / /g' | xargs -n 1 | sort)
check "there are columns" test "$(wc -w <<<"$columns")" -ge 12
for shell in bash zsh fish; do
	if ! command -v $shell > /dev/null; then
		check "$shell is installed" false
		continue
	fi
	same $shell commands "$(printf '%s\n' "$commands" --help --version | sort)" vmdevctl ""
	for command in load map; do
		options=$("$tool" $command --help | sed -n 's/^  -., \(--[a-z-]*\).*/\1/p' | sort)
		same $shell "options of $command" "$options" vmdevctl $command --
	done
	same $shell "what volume does" "$(printf '%s\n' create list remove)" vmdevctl volume ""
	for before in "" "-- " "--pool-limit 1M " "-q -m 1M -- " "--output=x -q "; do
		read -ra words <<<"$before"
		same $shell "the program behind 'run $before'" frobnicate-all vmdevctl run \
			"${words[@]}" frobni
		same $shell "what it takes itself, behind 'run $before'" "alpha" vmdevctl run \
			"${words[@]}" frobnicate-all al
		same $shell "its options, behind 'run $before'" --gamma vmdevctl run \
			"${words[@]}" frobnicate-all beta --
	done
	options=$("$tool" run --help | sed -n 's/^  -., \(--[a-z-]*\).*/\1/p' | sort)
	same $shell "options before the program" "$options" vmdevctl run -q --
	same $shell "what isn't known of a file's name" "" vmdevctl run -o "$work/none"
	same $shell "on and off" "$(printf '%s\n' off on)" vmdevctl load --checksum ""
	[[ -d /sys/kernel/vmdev ]] ||
		same $shell "policies" "$(printf '%s\n' clock clock-refault fifo s3fifo | sort)" \
			vmdevctl load --policy ""
	same $shell "columns to sort by" "$columns" vmdevctl top --sort ""
	same $shell "and by -s" "$columns" vmdevctl top -s ""
done
for command in $commands; do
	options=$("$tool" "$command" --help | sed -n 's/^  -., \(--[a-z-]*\).*/\1/p' | sort)
	same bash "options of $command" "$options" vmdevctl "$command" --
done
same bash "a part of a word" load vmdevctl lo

# What comes from elsewhere is completed, and never run.
# shellcheck disable=SC2317 # it is called by the completion
getent()
{
	printf '%s\n' 'all:x:1:' "a\$(>$work/run):x:2:" 'a group:x:3:' 'b:x:4:'
}
export -f getent
export work
same bash "groups of any name" "$(printf '%s\n' "a\\\$\\(\\>$work/run\\)" 'a\ group' all | sort)" \
	vmdevctl volume create v --group a
check "bash: no command in a name is run" test ! -e "$work/run"
unset -f getent
same bash "behind an option that is no pattern" frobnicate-all vmdevctl run '-[' frobni
check "bash: of which nothing is said" bash -c "! grep '^grep' '$err'"

echo "1..$count"
