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

function __vmdevctl_takes_value # COMMAND OPTION
    vmdevctl $argv[1] --help 2>/dev/null |
        sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z][a-z-]*\) [^ ].*/\1\2/p' |
        string match -qr -- "(^|, )$argv[2](,|\$)"
end

# The program of `vmdevctl run`, and what it takes as it does itself; fails where it
# hasn't begun.
function __vmdevctl_program
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    test "$words[2]" = run; or return
    set -l first 3
    set -l begun no
    while test $first -le (count $words)
        switch $words[$first]
            case --
                set first (math $first + 1)
                set begun yes
                break
            case '-*'
                __vmdevctl_takes_value run $words[$first]; and set first (math $first + 1)
                set first (math $first + 1)
            case '*'
                set begun yes
                break
        end
    end
    if test $begun = no
        test $first -eq (math (count $words) + 1); or return
        string match -q -- '-*' $token; and return 1
    end
    set -l rest
    test $first -le (count $words); and set rest (string escape -- $words[$first..-1])
    complete -C (string join ' ' -- $rest $token)
    return 0
end

function __vmdevctl_values
    set -l words (commandline -opc)
    set -l key $words[-1]
    if string match -q -- '-*' $key
        __vmdevctl_takes_value $words[2] $key; or set key $words[2]
    else if test "$words[2]" != volume
        set key $words[2]
    end
    test "$words[2]" = run; and set key run
    test "$words[2] $key" = 'top -s'; and set key --sort
    switch $key
        case --overcommit --checksum -o -c
            printf '%s\n' on off
        case --policy -P
            # those of the loaded module, else those that there are
            if test -r /sys/kernel/vmdev/policy/available
                string split ' ' </sys/kernel/vmdev/policy/available
            else
                printf '%s\n' s3fifo clock clock-refault fifo
            end
        case --sort
            printf '%s\n' id pid command resident swapped fault/s reflt/s read/s write/s \
                size dirty major/s
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

function __vmdevctl_complete
    if test (count (commandline -opc)) -eq 1
        __vmdevctl_commands
    else if __vmdevctl_program
        return
    else if string match -q -- '-*' (commandline -ct)
        __vmdevctl_options
    else
        __vmdevctl_values
    end
end

complete -c vmdevctl -f -a '(__vmdevctl_complete)'
