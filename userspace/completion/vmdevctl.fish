# SPDX-License-Identifier: GPL-2.0
#
# Completion of vmdevctl for fish. Commands and options are those of its own --help,
# so that this knows of all there are; what an option takes is known here.

function __vmdevctl_commands
    vmdevctl --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
    printf '%s\t%s\n' --help 'show the commands' --version 'show the version'
end

function __vmdevctl_options
    vmdevctl (commandline -opc)[2] --help 2>/dev/null |
        sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z][a-z-]*\)\( [^ ]*\)\{0,1\}  *\(.*\)/\2\t\4/p'
end

function __vmdevctl_volumes
    find /dev -maxdepth 1 -name 'vmdev-*' -printf '%f\n' | cut -d- -f2-
end

function __vmdevctl_values
    set -l words (commandline -opc)
    set -l key $words[-1]
    string match -q -- '-*' $key; or test "$words[2]" = volume; or set key $words[2]
    switch $key
        case --overcommit --checksum -o -c
            printf '%s\n' on off
        case --policy -P
            cat /sys/kernel/vmdev/policy/available 2>/dev/null | string split ' '
        case --group -g
            getent group | cut -d: -f1
        case volume
            printf '%s\n' create list remove
        case remove
            __vmdevctl_volumes
        case map translate
            test $key = map; and __vmdevctl_volumes
            grep -lsE ' /dev/vmdev(-[^ ]*)?$' /proc/[0-9]*/maps 2>/dev/null | cut -d/ -f3
        case '*'
            __fish_complete_path (commandline -ct)
    end
end

function __vmdevctl_first
    test (count (commandline -opc)) -eq 1
end

function __vmdevctl_dash
    string match -q -- '-*' (commandline -ct)
end

complete -c vmdevctl -f
complete -c vmdevctl -n __vmdevctl_first -a '(__vmdevctl_commands)'
complete -c vmdevctl -n 'not __vmdevctl_first; and __vmdevctl_dash' -a '(__vmdevctl_options)'
complete -c vmdevctl -n 'not __vmdevctl_first; and not __vmdevctl_dash' -a '(__vmdevctl_values)'
