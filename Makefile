# SPDX-License-Identifier: BSD-2-Clause
#
#	make deps demo		install what is needed, build, show it
#	make deps check		install what is needed, build, run every test
#
# The product is built for arm64; on another machine by a cross compiler.  Unit
# tests and fuzz targets are built for the machine they run on, and the unit
# tests for arm64 besides.  make V=1 shows the commands.

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
ARM64_OBJS := $(SRCS:%.c=$(B)/arm64/%.o)

# One file that can be carried to any host; sections so that the linker drops
# what nothing uses.
ARM64_CFLAGS := $(CFLAGS) -ffunction-sections -fdata-sections
ARM64_LDFLAGS := -static -Wl,--gc-sections

.PHONY: all
all: $(VMM) guest

$(VMM): $(ARM64_OBJS)
	$(call say,LD      $@)
	$(Q)$(CC_ARM64) $(ARM64_LDFLAGS) -o $@ $^ $(LIBS)

$(B)/arm64/%.o: %.c Makefile
	$(call say,CC      $<)
	@mkdir -p $(@D)
	$(Q)$(CC_ARM64) $(CPPFLAGS) $(BASE_CFLAGS) $(ARM64_CFLAGS) -c -o $@ $<

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
