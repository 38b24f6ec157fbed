# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vmdevctl for bash. Commands and options are those of its own --help,
# so that this knows of all there are; what an option takes is known here.

_vmdevctl_commands()
{
	"$1" --help 2> /dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p'
}

_vmdevctl_options()
{
	"$1" "$2" --help 2> /dev/null | sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z][a-z-]*\).*/\2/p'
}

_vmdevctl_takes_value() # TOOL COMMAND OPTION
{
	"$1" "$2" --help 2> /dev/null |
		sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z][a-z-]*\) [^ ].*/\1\2/p' |
		grep -qE -- "(^|, )$3(,|\$)" 2> /dev/null
}

# The word at which the program of `vmdevctl run` begins; fails where it hasn't begun.
_vmdevctl_program()
{
	local i word

	[[ ${COMP_WORDS[1]} == run ]] || return
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--) echo $((i + 1)); return ;;
		-*)
			_vmdevctl_takes_value "$1" run "$word" || continue
			# --name=VALUE is three words here
			[[ ${COMP_WORDS[i + 1]} != '=' ]] || ((i++))
			((i++))
			;;
		*) break ;;
		esac
	done
	[[ $i -le $COMP_CWORD && ${COMP_WORDS[i]} != [-=]* ]] && echo "$i"
}

# Complete that program, and what it takes as it does itself (bash-completion knows).
_vmdevctl_of_program() # FIRST-WORD
{
	if declare -F _comp_command_offset > /dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset > /dev/null; then
		_command_offset "$1"
	elif [[ $1 -eq $COMP_CWORD ]]; then
		mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
	fi
}

_vmdevctl_pids()
{
	grep -lsE ' /dev/vmdev(-[^ ]*)?$' /proc/[0-9]*/maps 2> /dev/null | cut -d/ -f3
}

_vmdevctl_volumes()
{
	find /dev -maxdepth 1 -name 'vmdev-*' -printf '%f\n' 2> /dev/null | cut -d- -f2-
}

# What stands behind an option or, for operands, a command. One candidate a line;
# fails where it is a file or nothing that can be known.
_vmdevctl_values()
{
	case $1 in
	--overcommit | --checksum | -o | -c) printf '%s\n' on off ;;
	--policy | -P)
		# those of the loaded module, else those that there are
		tr -s ' ' '\n' < /sys/kernel/vmdev/policy/available ||
			printf '%s\n' s3fifo clock clock-refault fifo ;;
	--sort)
		printf '%s\n' id pid command resident swapped fault/s reflt/s read/s write/s \
			size dirty major/s ;;
	--group | -g) getent group | cut -d: -f1 ;;
	map) _vmdevctl_pids; _vmdevctl_volumes ;;
	translate) _vmdevctl_pids ;;
	volume) printf '%s\n' create list remove ;;
	remove) _vmdevctl_volumes ;;
	*) return 1 ;;
	esac 2> /dev/null
}

_vmdevctl()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} words word program

	if [[ $COMP_CWORD -eq 1 ]]; then
		words=$(_vmdevctl_commands "$1"; printf '%s\n' --help --version)
	elif program=$(_vmdevctl_program "$1"); then
		_vmdevctl_of_program "$program"
		return
	elif [[ $current == -* ]]; then
		words=$(_vmdevctl_options "$1" "$command")
	elif [[ $command == run ]]; then
		words=
	elif [[ "$command $previous" == 'top -s' ]]; then
		words=$(_vmdevctl_values --sort)
	elif [[ $previous == -* ]] && _vmdevctl_takes_value "$1" "$command" "$previous"; then
		words=$(_vmdevctl_values "$previous") || words=
	elif [[ $command == volume && $COMP_CWORD -gt 2 ]]; then
		words=$(_vmdevctl_values "$previous") || words=
	else
		words=$(_vmdevctl_values "$command") || words=
	fi
	# not by compgen -W, which takes what is in the words for commands
	COMPREPLY=()
	while IFS= read -r word; do
		[[ -n $word && $word == "$current"* ]] || continue
		printf -v word %q "$word"
		COMPREPLY+=("$word")
	done <<< "$words"
}

# Where nothing else is known: files.
complete -o default -F _vmdevctl vmdevctl
