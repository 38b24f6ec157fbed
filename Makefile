# SPDX-License-Identifier: GPL-2.0
#
# What a person types. Kbuild, beside this file, is what the kernel's build
# reads; the parts have makefiles of their own. Everything that is not the
# module is built under build/.

.DEFAULT_GOAL := help

BUILD	?= $(CURDIR)/build
PREFIX	?= /usr/local
# Not the running kernel's: the one that is installed with headers and image.
# Looked up when it is used, which is after the packages are there.
KVER	?= $(shell scripts/kver)
KDIR	?= /lib/modules/$(KVER)/build

kbuild	= $(MAKE) -C $(KDIR) M=$(CURDIR)
in_vm	= VMDEV_BUILD=$(BUILD) VMDEV_KVER=$(KVER)
udev	:= $(wildcard packaging/*.rules)

help:
	@echo 'Two commands that do everything, on a bare Debian 12, as root:'
	@echo '  make demo           see three programs use more memory than there is'
	@echo '  make check          every test; ends in "N passed, N failed, N skipped"'
	@echo
	@echo 'Step by step (make deps once before):'
	@echo '  make deps           install the Debian packages that are missing'
	@echo '  make module         vmdev.ko, for kernel KVER ($(shell scripts/kver 2>/dev/null))'
	@echo '  make user           libvmdev and vmdevctl'
	@echo '  make tests          the selftests'
	@echo '  make vm             a root shell in a VM with the module loaded'
	@echo '  make run-tests      the selftests in the VM; T=mem, T=mem/swap_through: some'
	@echo '  make static         compiler, sparse, coccinelle, checkpatch, kernel-doc, shellcheck'
	@echo '  make check-debug    the suite under KASAN, lockdep, kmemleak, KCSAN; coverage'
	@echo '  make coverage       the part of it that gives build/coverage/html'
	@echo '  make bench          vmdev beside swap, a mapped file, userfaultfd (over an hour)'
	@echo '  make bench-quick    the ratios alone, in 3 minutes'
	@echo '  make install        module, library and tool; KVER, PREFIX, DESTDIR'
	@echo '  make uninstall      remove what make install put there, with the same settings'
	@echo '  make clean          remove everything that was built'
	@echo
	@echo 'KVER and KDIR choose the kernel to build for. selftests/vm/run --help has more.'

deps:
	@scripts/install-deps

module:
	$(kbuild) modules

user:
	$(MAKE) -C userspace BUILD=$(BUILD)/userspace

# What the VM has of it: as installed, under /usr.
user-root: user
	@rm -rf $(BUILD)/userspace-root
	@$(MAKE) -s -C userspace BUILD=$(BUILD)/userspace DESTDIR=$(BUILD)/userspace-root \
		PREFIX=/usr install

tests:
	$(MAKE) -C selftests BUILD=$(BUILD)

vm: module user-root
	$(in_vm) selftests/vm/run --shell $(VMFLAGS)

run-tests: module user-root tests
	$(in_vm) selftests/vm/run --tests $(or $(T),all) $(VMFLAGS)

static:
	@KDIR=$(KDIR) scripts/static $(BUILD)

check:
	@scripts/install-deps build test
	@KVER=$(KVER) KDIR=$(KDIR) scripts/check $(BUILD)

check-debug:
	@scripts/install-deps build test debug
	@scripts/check-debug $(BUILD)

coverage:
	@scripts/install-deps build test debug
	@scripts/check-debug $(BUILD) coverage

demo:
	@scripts/install-deps build demo
	@echo 'demo: building the module and the tool (a minute the first time)' >&2
	@$(MAKE) -s module user-root
	@$(in_vm) demo/run $(DEMOFLAGS)

bench:
	@scripts/install-deps build bench
	@$(MAKE) -s module
	@$(in_vm) bench/run $(or $(BENCHFLAGS),--counted --doc Documentation/performance.md)

bench-quick:
	@scripts/install-deps build bench
	@$(MAKE) -s module
	@$(in_vm) bench/run --quick $(BENCHFLAGS)

install: module user
	install -D -m 644 vmdev.ko $(DESTDIR)/lib/modules/$(KVER)/extra/vmdev.ko
	$(if $(DESTDIR),,depmod $(KVER))
	$(MAKE) -C userspace BUILD=$(BUILD)/userspace DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install
	$(if $(DESTDIR),,ldconfig)
	$(if $(udev),install -D -m 644 -t $(DESTDIR)/lib/udev/rules.d $(udev))

uninstall:
	rm -f $(DESTDIR)/lib/modules/$(KVER)/extra/vmdev.ko
	$(if $(DESTDIR),,depmod $(KVER))
	$(MAKE) -C userspace DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) uninstall
	$(if $(DESTDIR),,ldconfig)
	$(if $(udev),rm -f $(addprefix $(DESTDIR)/lib/udev/rules.d/,$(notdir $(udev))))

clean:
	-[ ! -d $(KDIR) ] || $(kbuild) clean
	$(MAKE) -C selftests BUILD=$(BUILD) clean
	rm -rf $(BUILD)

.PHONY: help deps module user user-root tests vm run-tests static check check-debug \
	coverage demo bench bench-quick install uninstall clean
