#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make install` puts in place: complete, usable through pkg-config from C and
# C++, only documented symbols, man pages without a formatter's warning. And that
# `make uninstall` takes all of it away again, and nothing else.
# install.sh BUILD
set -euo pipefail

# shellcheck source=userspace/tests/lib
. "$(dirname "$0")/lib"
build=$1
root=$work/installed
mkdir "$root"

# Flags that this make got from its caller are not for this installation.
unset MAKEFLAGS MAKEOVERRIDES MFLAGS
check "make install" make -C "$here/.." install BUILD="$build" DESTDIR="$root" PREFIX=/usr/test

for file in sbin/vmdevctl lib/libvmdev.a lib/libvmdev.so lib/libvmdev.so.0 \
	lib/pkgconfig/libvmdev.pc include/vmdev.h include/linux/vmdev.h \
	share/man/man8/vmdevctl.8 share/man/man8/vmdevctl-run.8 share/man/man3/libvmdev.3 \
	share/man/man4/vmdev.4 share/vmdev/grafana-dashboard.json \
	share/vmdev/vmdevctl.schema.json lib/vmdev/libvmdev-preload.so \
	share/bash-completion/completions/vmdevctl share/zsh/site-functions/_vmdevctl \
	share/fish/vendor_completions.d/vmdevctl.fish \
	lib/systemd/system/vmdev-metrics.service lib/systemd/system/vmdev-metrics.timer; do
	check "$file is installed" test -s "$root/usr/test/$file"
done

versioned=lib/$(/usr/bin/python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
check "vmdev.py is installed for Python" test -s "$root/usr/test/$versioned/dist-packages/vmdev.py"
check "the installed vmdev.py runs with the installed library" env \
	LD_LIBRARY_PATH="$root/usr/test/lib" PYTHONPATH="$root/usr/test/$versioned/dist-packages" \
	/usr/bin/python3 -c 'import vmdev; assert vmdev.version()'
for prefix in /usr /usr/local; do
	dir=$(make -s -C "$here/.." -f - PREFIX=$prefix where <<'MAKEFILE'
include Makefile
where:
	@echo $(PYTHONDIR)
MAKEFILE
	)
	check "below $prefix it is where Python looks" env -i /usr/bin/python3 -c \
		'import sys; print(sys.path); sys.exit(sys.argv[1] not in sys.path)' "$dir"
done

check "the unit starts the installed tool" grep -q '^ExecStart=/usr/test/sbin/vmdevctl metrics ' \
	"$root/usr/test/lib/systemd/system/vmdev-metrics.service"

declared=$(sed -n 's/^[a-z].*[ *]\(vmdev_[a-z_]*\)(.*/\1/p' "$here/../include/vmdev.h" | sort)
# Everything linked, and what needs no module called.
cat >"$root/use.c" <<PROGRAM
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmdev.h>

typedef void (*function)(void);

static const function functions[] = {
$(xargs printf '\t(function)%s,\n' <<<"$declared")
};

int main(void)
{
	struct vmdev_module_stats stats;
	struct vmdev_map_entry entry = { VMDEV_MAP_DIRTY, 1, VMDEV_MAP_NONE, 0 };
	struct vmdev *space = vmdev_open("/dev/none-such");
	size_t i;

	if (space || errno != ENOENT)
		return 1;
	vmdev_close(space);
	if (vmdev_get_module_stats(&stats, 0) != -1 || errno != EINVAL)
		return 2;
	if (strcmp(vmdev_map_state_name(entry.state), "dirty"))
		return 3;
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (!functions[i])
			return 4;
	}
	puts(vmdev_version());
	return 0;
}
PROGRAM
cp "$root/use.c" "$root/use.cc"
export PKG_CONFIG_PATH=$root/usr/test/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
check "pkg-config knows it" pkg-config --exists 'libvmdev >= 0.2'
read -ra flags < <(pkg-config --cflags --libs libvmdev)
strict=(-Wall -Wextra -Werror -pedantic)
check "a C program builds" gcc -std=c11 "${strict[@]}" -o "$root/use-c" "$root/use.c" "${flags[@]}"
check "a C++ program builds" g++ -std=c++11 "${strict[@]}" -o "$root/use-cc" "$root/use.cc" \
	"${flags[@]}"
export LD_LIBRARY_PATH=$root/usr/test/lib
check "the C program runs" "$root/use-c"
check "the C++ program runs" "$root/use-cc"
version=$("$root/use-c")
node=$(sed -n 's/^LIBVMDEV_\(.*\) {$/\1/p' "$here/../libvmdev/libvmdev.map" | tail -n 1)
check "version $version is that of the newest symbols, $node" test "${version%.*}" = "$node"
check "pkg-config has the same version" test "$(pkg-config --modversion libvmdev)" = "$version"
check "the file is called after it" test -f "$root/usr/test/lib/libvmdev.so.$version"
check "C++ says the same" test "$("$root/use-cc")" = "$version"
check "it needs the soname" bash -c "readelf -d '$root/use-c' | grep -q 'NEEDED.*libvmdev.so.0]'"

exported=$(nm -D --defined-only "$root/usr/test/lib/libvmdev.so" |
	sed -n 's/.* T \(.*\)@@LIBVMDEV_.*/\1/p' | sort)
check "the library exports what the header declares" test "$declared" = "$exported"
check "there is something to export" test "$(wc -l <<<"$exported")" -gt 15
for function in $declared; do
	check "$function is in libvmdev(3)" grep -q "$function" "$root/usr/test/share/man/man3/libvmdev.3"
done

for page in man8/vmdevctl.8 man8/vmdevctl-run.8 man3/libvmdev.3 man4/vmdev.4; do
	if ! command -v groff >/dev/null; then
		skip "$page formats without a warning" "no groff"
		continue
	fi
	check "$page formats without a warning" bash -c \
		"warnings=\$(groff -man -Tutf8 -ww -z '$root/usr/test/share/man/$page' 2>&1); \
		echo \"\$warnings\"; test -z \"\$warnings\""
done
for option in $(for command in $("$tool" --help |
	sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
	[[ $command == run ]] || "$tool" "$command" --help
done | sed -n 's/^  -., --\([a-z-]*\).*/\1/p' | sort -u); do
	# A man page writes a hyphen of an option as \-.
	check "--$option is in vmdevctl(8)" grep -qF -- "\\-\\-${option//-/\\-}" \
		"$root/usr/test/share/man/man8/vmdevctl.8"
done

for option in $("$build/vmdevctl" run --help | sed -n 's/^  -., --\([a-z-]*\).*/\1/p'); do
	check "--$option is in vmdevctl-run(8)" grep -qF -- "\\-\\-${option//-/\\-}" \
		"$root/usr/test/share/man/man8/vmdevctl-run.8"
done
while read -r ioctl; do
	check "$ioctl is in vmdev(4)" grep -q "^.BR $ioctl " "$root/usr/test/share/man/man4/vmdev.4"
done < <(sed -n 's/^#define \(VMDEV_IOC_[A-Z_]*\)\t_IO.*/\1/p' \
	"$root/usr/test/include/linux/vmdev.h")
sed -n '/^\.EX/,/^\.EE/p' "$root/usr/test/share/man/man4/vmdev.4" |
	sed -e '/^\.E/d' -e 's/\\e/\\/g' >"$root/example.c"
check "the example of vmdev(4) builds" gcc -std=gnu11 "${strict[@]}" -o "$root/example" \
	"$root/example.c" "-I$root/usr/test/include"

touch "$root/usr/test/include/linux/other.h"
check "make uninstall" make -C "$here/.." uninstall BUILD="$build" DESTDIR="$root" PREFIX=/usr/test
check "make uninstall takes everything that was installed and nothing else" \
	test "$(cd "$root/usr" && find . ! -type d)" = ./test/include/linux/other.h

echo "1..$count"
