# SPDX-License-Identifier: BSD-2-Clause
#
#	make deps demo		install what is needed, build, show it
#	make deps check		install what is needed, build, run every test
#
# The product is built for arm64; on another machine by a cross compiler.  Unit
# tests and fuzz targets are built for the machine they run on, and the unit
# tests for arm64 besides.  make V=1 shows the commands.

JOBS := $(shell nproc)

ifneq ($(and $(filter deps,$(MAKECMDGOALS)),$(filter-out deps,$(MAKECMDGOALS))),)

# "make deps check": nothing is read or built before the packages are there.
.NOTPARALLEL:
.PHONY: $(MAKECMDGOALS)
deps:
	@tests/deps
$(filter-out deps,$(MAKECMDGOALS)): deps
	@$(MAKE) --no-print-directory $@

else

FLOORS := util kvm pvtime mach dev virtio boot vm ctl cmd

MACHINE := $(shell uname -m)
NATIVE := $(filter aarch64,$(MACHINE))
CROSS_COMPILE ?= $(if $(NATIVE),,aarch64-linux-gnu-)
CC_ARM64 := $(CROSS_COMPILE)gcc
OBJCOPY := $(CROSS_COMPILE)objcopy
HOSTCC ?= gcc
FUZZCC ?= clang

PREFIX ?= /usr/local
DESTDIR ?=

B := build
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wconversion \
	-Wno-sign-conversion -Werror
VERSION := 0.1
CPPFLAGS := -D_GNU_SOURCE -Iinclude -DVERSION=\"$(VERSION)\"
BASE_CFLAGS := -std=gnu11 $(WARN) -MMD -MP -g
CFLAGS ?= -O2
LIBS := -lfdt -lzstd -lz -lpthread

SRCS := $(foreach f,$(FLOORS),$(sort $(wildcard src/$f/*.c)))
MAIN := src/cmd/main.c

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- the product -----------------------------------------------------------

VMM := $(B)/arm64/pvtime-vmm
LIBPVTIME := $(B)/arm64/libpvtime.a
ARM64_OBJS := $(SRCS:%.c=$(B)/arm64/%.o)

# One file that can be carried to any host; sections so that the linker drops
# what nothing uses.  Its script goes by the names of files, of which link-time
# optimisation would leave none.
RUN_LD := src/run.ld
ARM64_CFLAGS := $(CFLAGS) -ffunction-sections -fdata-sections
ARM64_LDFLAGS := -static -Wl,--gc-sections,-T,$(RUN_LD)

.PHONY: all
all: $(VMM) $(LIBPVTIME) guest

$(VMM): $(ARM64_OBJS) $(RUN_LD)
	$(call say,LD      $@)
	$(Q)$(CC_ARM64) $(ARM64_CFLAGS) $(ARM64_LDFLAGS) -o $@ $(ARM64_OBJS) \
		$(LIBS)

$(B)/arm64/%.o: %.c Makefile
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(CPPFLAGS) $(BASE_CFLAGS) $(ARM64_CFLAGS) -c -o $@ $<

# ---- libpvtime: the pvtime floor for other VMMs --------------------------------
#
# What it takes along from the floors below is renamed, so that nothing of ours
# meets a name of the program's.  Members stay apart: only who calls pvtime_fdt()
# needs libfdt.

LIBPVTIME_SRCS := $(wildcard src/pvtime/*.c) \
	$(addprefix src/,kvm/attr.c kvm/reg.c kvm/vm.c util/err.c util/fdtw.c)
LIBPVTIME_OBJS := $(LIBPVTIME_SRCS:src/%.c=$(B)/lib/%.o)

$(B)/lib/%.o: src/%.c Makefile
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(CPPFLAGS) $(BASE_CFLAGS) $(CFLAGS) -ffunction-sections \
		-fdata-sections -fPIC -c -o $@ $<

$(LIBPVTIME): $(LIBPVTIME_OBJS) include/pvtime/pvtime.h
	$(call say,AR      $@)
	@rm -rf $(B)/lib/members; mkdir -p $(B)/lib/members
	$(Q)$(CROSS_COMPILE)nm -g --defined-only $(LIBPVTIME_OBJS) | \
		awk 'FNR == NR { while (match($$0, /pvtime_[a-z_]+\(/)) { \
				api[substr($$0, RSTART, RLENGTH - 1)] = 1; \
				$$0 = substr($$0, RSTART + RLENGTH) } next } \
			NF == 3 && !($$3 in api) { \
				print $$3, "pvtime__" $$3 }' \
		include/pvtime/pvtime.h - > $(B)/lib/names
	$(Q)for o in $(LIBPVTIME_OBJS); do \
		$(OBJCOPY) --redefine-syms=$(B)/lib/names $$o \
			$(B)/lib/members/$$(basename $${o%/*})_$${o##*/} || \
			exit 1; \
	done
	$(Q)rm -f $@; $(CROSS_COMPILE)ar rcs $@ $(B)/lib/members/*.o
	$(Q)! $(CROSS_COMPILE)nm -g --defined-only $@ | grep ' [A-Z] ' | \
		grep -v ' pvtime_'

# The VMM for tests whose stolen time has one deliberate fault.
FAULTY := $(B)/arm64/pvtime-vmm-faulty

$(FAULTY): $(filter-out %/pvtime/table.o,$(ARM64_OBJS)) \
		$(B)/arm64/tests/faults/faulty.o $(RUN_LD)
	$(call say,LD      $@)
	$(Q)$(CC_ARM64) $(ARM64_CFLAGS) $(ARM64_LDFLAGS) -o $@ $(filter %.o,$^) \
		$(LIBS)

# What it is like to use it: the example, with what is installed and no more.
STAGE := $(B)/stage
EXAMPLE := $(B)/arm64/minivmm

$(EXAMPLE): tests/example/minivmm.c $(LIBPVTIME) Makefile
	@rm -rf $(STAGE)
	@$(MAKE) --no-print-directory install DESTDIR=$(abspath $(STAGE)) \
		PREFIX=/usr > $(B)/install.log
	$(call say,CC      $<)
	$(Q)$(CC_ARM64) -std=gnu11 $(WARN) -O2 -static -o $@ $< $$( \
		PKG_CONFIG_SYSROOT_DIR=$(abspath $(STAGE)) \
		PKG_CONFIG_LIBDIR=$(abspath $(STAGE))/usr/lib/pkgconfig \
		pkg-config --cflags --libs --static pvtime)

# The conformance guest and the init of boot tests are built in.
CONFORMANCE := $(B)/guest/conformance.bin
INIT := $(B)/guest/pvtime-init
EMBEDDING := $(foreach k,arm64 native cross fuzz,$(B)/$k/src/cmd/guests.o)

$(EMBEDDING): CPPFLAGS += -DGUEST_CONFORMANCE=\"$(CONFORMANCE)\" \
	-DGUEST_INIT=\"$(INIT)\"
$(EMBEDDING): $(CONFORMANCE) $(INIT)

# ---- guests: flat programs that tests and benchmarks boot --------------------

GUEST_CFLAGS := -std=gnu11 -Os -g -ffreestanding -fno-builtin -nostdlib -fPIE \
	-fvisibility=hidden -mgeneral-regs-only -mstrict-align \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-unwind-tables \
	-fno-tree-loop-distribute-patterns $(WARN) -MMD -MP
GUEST_LDFLAGS := -nostdlib -pie -Wl,--no-dynamic-linker,-T,guest/link.ld \
	-Wl,--build-id=none,-z,max-page-size=4096,-z,noexecstack \
	-Wl,--no-warn-rwx-segments
GUEST_LIB := $(patsubst %,$(B)/%.o,$(basename $(wildcard guest/lib/*.[cS])))
CONFORMANCE_OBJS := $(patsubst %,$(B)/%.o,$(basename $(wildcard guest/conformance/*.[cS])))
GUESTS := $(patsubst guest/%,$(B)/guest/%.bin,$(basename $(wildcard guest/*.[cS]))) \
	$(CONFORMANCE)

.PHONY: guest
guest: $(GUESTS) $(INIT)

# An archive: a guest that brings its own entry takes nothing from it.
$(B)/guest/lib.a: $(GUEST_LIB)
	@rm -f $@; $(CROSS_COMPILE)ar rcs $@ $^

$(CONFORMANCE): $(CONFORMANCE_OBJS)

$(B)/guest/%.bin: $(B)/guest/lib.a guest/link.ld
	$(call say,GUEST   $@)
	$(Q)$(CC_ARM64) $(GUEST_LDFLAGS) -o $(@:.bin=.elf) $(filter %.o,$^) \
		$(B)/guest/lib.a
	$(Q)$(OBJCOPY) -O binary $(@:.bin=.elf) $@

$(filter-out $(CONFORMANCE),$(GUESTS)): %.bin: %.o

$(B)/guest/%.o: guest/%.c Makefile
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(GUEST_CFLAGS) -c -o $@ $<

$(B)/guest/%.o: guest/%.S Makefile
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(GUEST_CFLAGS) -c -o $@ $<

# A Linux program without a C library, for kernels with pages of any size.
INIT_OBJS := $(patsubst %,$(B)/%.o,$(basename $(wildcard guest/init/*.[cS]))) \
	$(B)/guest/lib/mem.o $(B)/guest/lib/dt.o
INIT_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,--gc-sections \
	-Wl,-z,max-page-size=65536,-z,noexecstack,-z,norelro

$(INIT): $(INIT_OBJS)
	$(call say,GUEST   $@)
	$(Q)$(CC_ARM64) $(INIT_LDFLAGS) -o $@.elf $^
	$(Q)$(OBJCOPY) --strip-all -R .comment $@.elf $@

# ---- programs of the tests that run where the VMM runs -----------------------

TOOL_SRCS := $(wildcard tests/bench/*.c tests/system/*.c) tests/kmod/probe.c
TOOLS := $(patsubst %.c,$(B)/arm64/%,$(notdir $(TOOL_SRCS)))
vpath %.c tests/bench tests/system tests/kmod

$(TOOLS): $(B)/arm64/%: %.c Makefile
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(CPPFLAGS) $(BASE_CFLAGS) -O2 -static -o $@ $< -lpthread

# ---- unit tests: native with sanitizers, and arm64 under qemu-user ----------
#
# Everything but src/kvm is the real thing; below it is tests/fake, a KVM
# without a kernel.  tests/unit/kvm tests src/kvm itself, with ioctl(2) and
# its like replaced by the linker.

UNIT_SRCS := $(sort $(wildcard tests/unit/*/test_*.c))
UNITS := $(UNIT_SRCS:tests/unit/%.c=%)
LIB_SRCS := $(filter-out $(MAIN) src/kvm/%,$(SRCS)) $(wildcard tests/fake/*.c)
KVM_SRCS := $(filter src/kvm/%,$(SRCS))
WRAPPED := ioctl open mmap munmap close
WRAPS := $(WRAPPED:%=-Wl,--wrap=%)

# x86's <linux/kvm.h> has none of arm64's structures: these four of arm64's
# headers come first.  Not its whole folder, which would also replace
# <asm/unistd.h> and with it the numbers of system calls.
UAPI := $(B)/uapi
UAPI_LINKS := $(if $(NATIVE),,$(addprefix $(UAPI)/asm/,kvm.h ptrace.h hwcap.h \
	sve_context.h))

$(UAPI)/asm/%:
	@mkdir -p $(@D)
	@ln -sf /usr/include/aarch64-linux-gnu/asm/$* $@

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
TEST_INC := $(if $(NATIVE),,-isystem $(UAPI)) -Itests/fake
# libfdt-dev cannot be installed for two architectures at once.
NATIVE_LIBS := $(if $(NATIVE),-lfdt,-l:libfdt.so.1) -lzstd -lz -lpthread

NATIVE_OBJS := $(LIB_SRCS:%.c=$(B)/native/%.o)
$(B)/native/libvmm.a: $(NATIVE_OBJS)
	@rm -f $@; ar rcs $@ $^
$(B)/native/libkvm.a: $(KVM_SRCS:%.c=$(B)/native/%.o)
	@rm -f $@; ar rcs $@ $^

$(B)/native/%.o: %.c Makefile | $(UAPI_LINKS)
	$(call say,HOSTCC  $<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(CPPFLAGS) $(TEST_INC) $(BASE_CFLAGS) -O1 $(SANITIZE) \
		-c -o $@ $<

$(B)/native/tests/unit/kvm/%: $(B)/native/tests/unit/kvm/%.o \
		$(B)/native/libkvm.a $(B)/native/libvmm.a
	$(Q)$(HOSTCC) $(SANITIZE) $(WRAPS) -o $@ $^ -lcmocka $(NATIVE_LIBS)

$(B)/native/tests/unit/%: $(B)/native/tests/unit/%.o $(B)/native/libvmm.a
	$(Q)$(HOSTCC) $(SANITIZE) -o $@ $^ -lcmocka $(NATIVE_LIBS)

# The same for arm64, as the product is compiled, but with shared libraries.
CROSS_OBJS := $(LIB_SRCS:%.c=$(B)/cross/%.o)
$(B)/cross/libvmm.a: $(CROSS_OBJS)
	@rm -f $@; ar rcs $@ $^
$(B)/cross/libkvm.a: $(KVM_SRCS:%.c=$(B)/cross/%.o)
	@rm -f $@; ar rcs $@ $^

$(B)/cross/%.o: %.c Makefile
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(CPPFLAGS) -Itests/fake $(BASE_CFLAGS) -O2 -c -o $@ $<

$(B)/cross/tests/unit/kvm/%: $(B)/cross/tests/unit/kvm/%.o \
		$(B)/cross/libkvm.a $(B)/cross/libvmm.a
	$(Q)$(CC_ARM64) $(WRAPS) -o $@ $^ -lcmocka $(LIBS)

$(B)/cross/tests/unit/%: $(B)/cross/tests/unit/%.o $(B)/cross/libvmm.a
	$(Q)$(CC_ARM64) -o $@ $^ -lcmocka $(LIBS)

# A page of the kind that a boot test writes, from made-up figures.
SAMPLE := $(B)/native/tests/browser/sample
PAGES := $(addprefix $(B)/pages/,good.html panic.html many.html empty.html)

$(SAMPLE): $(SAMPLE).o $(B)/native/libvmm.a
	$(Q)$(HOSTCC) $(SANITIZE) -o $@ $^ $(NATIVE_LIBS)

$(PAGES): $(B)/pages/%.html: $(SAMPLE)
	@mkdir -p $(@D)
	@$< $* > $@

.PHONY: browser
browser: $(PAGES)
	@tests/browser/run $^

.SECONDARY:

.PHONY: unit unit-native unit-cross
unit: unit-native unit-cross

unit-native: $(UNITS:%=$(B)/native/tests/unit/%)
	@tests/unit/run $(B)/native/tests/unit $(UNITS)

# On arm64 the programs need nobody's help.
unit-cross: $(UNITS:%=$(B)/cross/tests/unit/%)
	@QEMU="$(if $(NATIVE),,qemu-aarch64)" \
		tests/unit/run $(B)/cross/tests/unit $(UNITS)

# The trees in dts/, written anew by the test that compares them.
.PHONY: dts
dts: $(B)/native/tests/unit/boot/test_dts
	@UPDATE_DTS=1 $<

# ---- fuzz targets -----------------------------------------------------------

FUZZES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 10
FUZZ_OBJS := $(LIB_SRCS:%.c=$(B)/fuzz/%.o)

$(B)/fuzz/libvmm.a: $(FUZZ_OBJS)
	@rm -f $@; ar rcs $@ $^

$(B)/fuzz/%.o: %.c Makefile | $(UAPI_LINKS)
	$(call say,FUZZCC  $<)
	@mkdir -p $(@D)
	$(Q)$(FUZZCC) $(CPPFLAGS) $(TEST_INC) -std=gnu11 -MMD -MP -g -O1 \
		-fsanitize=fuzzer-no-link,address,undefined -c -o $@ $<

$(B)/fuzz/%: $(B)/fuzz/tests/fuzz/%.o $(B)/fuzz/libvmm.a
	$(Q)$(FUZZCC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(NATIVE_LIBS)

# Each target for FUZZ_SECONDS; what it finds is left in build/fuzz.
.PHONY: fuzz
fuzz: $(FUZZES:%=$(B)/fuzz/%)
	@tests/fuzz/run $(B)/fuzz $(FUZZ_SECONDS) $(FUZZES)

# ---- checks of the source itself ----------------------------------------------

.PHONY: lint fmt
lint: | $(UAPI_LINKS)
	@tests/lint/run $(B)

fmt:
	clang-format -i $$(git ls-files '*.c' '*.h')

# ---- tests where a KVM is: this machine's, or the emulated host's -------------

.PHONY: host system recipes bench check demo deps
host:
	@tests/host/selftest

system: $(VMM) $(FAULTY) $(EXAMPLE) $(TOOLS) guest
	@tests/system/run $(B)

# What README tells people to do to test kernels, done.
recipes: $(VMM) guest
	@tests/recipes/run $(B)

bench: $(VMM) $(TOOLS) guest
	@tests/bench/run

# Built side by side, run one after the other: the machine may be small.
CHECKS := lint unit-native unit-cross fuzz browser host recipes system
check:
	@$(MAKE) --no-print-directory -j$(JOBS) check-build
	@for c in $(CHECKS); do \
		echo "== $$c"; \
		$(MAKE) --no-print-directory $$c || exit 1; \
	done
	@echo "== bench --quick"; tests/bench/run --quick

.PHONY: check-build
check-build: all $(FAULTY) $(EXAMPLE) $(TOOLS) $(UNITS:%=$(B)/native/tests/unit/%) \
	$(UNITS:%=$(B)/cross/tests/unit/%) $(FUZZES:%=$(B)/fuzz/%) $(SAMPLE)

demo:
	@$(MAKE) --no-print-directory -j$(JOBS) $(VMM)
	@tests/demo/run $(VMM)

deps:
	@tests/deps

# ---- the rest -----------------------------------------------------------------

MAN := src/cmd/pvtime-vmm.1
INTO := $(DESTDIR)$(PREFIX)

.PHONY: install clean
install: $(VMM) $(LIBPVTIME) $(CONFORMANCE)
	install -d $(INTO)/bin $(INTO)/include/pvtime $(INTO)/lib/pkgconfig \
		$(INTO)/share/man/man1 $(INTO)/share/pvtime-vmm
	install -m 755 $(VMM) $(INTO)/bin/pvtime-vmm
	install -m 644 include/pvtime/pvtime.h $(INTO)/include/pvtime/pvtime.h
	install -m 644 $(LIBPVTIME) $(INTO)/lib/libpvtime.a
	install -m 644 $(CONFORMANCE) $(INTO)/share/pvtime-vmm/conformance.bin
	install -m 644 guest/linux.config $(INTO)/share/pvtime-vmm/linux.config
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		src/pvtime/pvtime.pc.in > $(INTO)/lib/pkgconfig/pvtime.pc
	install -m 644 $(MAN) $(INTO)/share/man/man1/pvtime-vmm.1

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

endif
