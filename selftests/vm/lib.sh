# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Putting host files into a directory that becomes an initramfs. It knows how
# programs find their libraries and modules theirs, and nothing of what the
# VM does with them. Sourced by initramfs and run.

die()
{
	echo "${0##*/}: $*" >&2
	exit 2
}

# /bin, /sbin and /lib are links into /usr there, as on Debian; a directory of
# the same name in a later archive would take the link's place. What PID 1
# mounts would hide what is put there.
vm_path()
{
	case $1 in
	/bin/* | /sbin/* | /lib/* | /lib64/*) echo "/usr$1" ;;
	/tmp/* | /run/* | /dev/* | /proc/* | /sys/* | /mnt/* | /data/*)
		die "$1: another file system is mounted over this place in the VM"
		;;
	/*) echo "$1" ;;
	*) die "$1: not an absolute path in the VM" ;;
	esac
}

# add_file ROOT HOSTPATH [VMPATH]: a file, or a directory with all in it
add_file()
{
	local root=$1 from=$2 to
	to=$root$(vm_path "${3:-$2}")

	[ -e "$from" ] || die "$from: no such file"
	mkdir -p "${to%/*}"
	if [ -d "$from" ]; then
		mkdir -p "$to"
		cp -rL --preserve=mode "$from/." "$to"
	else
		rm -f "$to"
		cp -L --preserve=mode "$from" "$to"
	fi
}

# add_libraries ROOT PROGRAM...: the shared libraries that each needs
add_libraries()
{
	local root=$1 library

	shift
	while read -r library; do
		[ -e "$root$(vm_path "$library")" ] || add_file "$root" "$library"
	done < <({ ldd "$@" 2>/dev/null || true; } | grep '^[[:space:]]' |
		grep -oE '/[^ :]+\.so[^ :]*' | sort -u)
}

# add_program ROOT HOSTPATH [VMPATH]: as add_file, and the libraries
add_program()
{
	local root=$1 from=$2 executables=()

	add_file "$@"
	mapfile -t executables < <(find -L "$from" -type f \( -perm -u+x -o -name '*.so' \))
	[ ${#executables[@]} -eq 0 ] || add_libraries "$root" "${executables[@]}"
}

# add_tool ROOT NAME: a program found on this machine's PATH, or any absolute path
add_tool()
{
	local path

	case $2 in
	/*) [ -e "$2" ] && path=$2 ;;
	*) path=$(PATH=$PATH:/usr/sbin:/sbin command -v "$2") ;;
	esac || return 1
	add_program "$1" "$path"
}

# add_modules ROOT MODULES_ROOT KVER NAME...: kernel modules with what they
# depend on; a kernel without one of them has it built in, or not at all
add_modules()
{
	local root=$1 from=$2 kver=$3 name file

	shift 3
	for name in "$@"; do
		while read -r file; do
			[ -e "$root$(vm_path "${file#"$from"}")" ] ||
				add_file "$root" "$file" "${file#"$from"}"
		done < <({ modprobe -S "$kver" -d "$from/" --show-depends "$name" 2>/dev/null || true; } |
			awk '$1 == "insmod" { print $2 }')
	done
}

# pack ROOT OUT: makes the archive; several, one after the other, are one too
pack()
{
	(cd "$1" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
		cpio --quiet --null -o -H newc -R 0:0) > "$2"
}
