# kubewright: one non-recursive GNU Makefile. V=1 shows commands, WERROR=1 makes warnings errors (CI sets it).
CC ?= cc
PKG_CONFIG ?= pkg-config
prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
completionsdir ?= $(prefix)/share/bash-completion/completions
# a release's tarball has its version in a file of its own; what git says of a folder around it is not it
VERSION := $(or $(file <.version),$(shell git describe --tags --always --dirty 2>/dev/null),0.1)

# WORDS=codes: the texts of verdicts, questions and states are their codes, in a folder of its own: what passes its tests so does not read them
BUILD ?= build$(if $(WORDS),-words)
MODULES := base inventory pki remote net cluster engine steps/run steps tui cli
LIBS := libssh yaml-0.1 libcurl libcrypto jansson ncursesw zlib
SRCS := $(foreach m,$(MODULES),$(wildcard $(m)/*.c))
OBJS := $(SRCS:%.c=$(BUILD)/%.o) $(BUILD)/steps/host_scripts.o
TEST_OBJS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/test_*.c))
TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FAKES := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/fake_*.c))
HOST_SCRIPTS := $(sort $(wildcard steps/host/*.sh))

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wwrite-strings -Wformat=2
# clang's -Wextra counts members left out behind designated ones, gcc's does not
WARN += $(if $(findstring clang,$(CC)),-Wno-missing-field-initializers,-Wno-format-truncation)
ifdef WERROR
WARN += -Werror
endif
OPT ?= -O2 -D_FORTIFY_SOURCE=2
HARDEN := -fstack-protector-strong -fPIE
CFLAGS ?= -g
# asked once, when something is compiled: a bare machine has no pkg-config yet when it runs `make deps`
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBS)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBS)))$(PKG_LIBS)
KW_CFLAGS = -std=c11 -D_GNU_SOURCE -I. $(OPT) $(HARDEN) $(WARN) $(CFLAGS) $(SAN) $(PKG_CFLAGS)
KW_LIBS = $(SAN) -pie -Wl,-z,relro,-z,now -pthread $(LDFLAGS) $(PKG_LIBS)

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

.PHONY: all check check-tui lint asan tsan sanitized clang objects fuzz bench e2e e2e-full e2e-crash demo test \
	install uninstall dist clean format deps
all: $(BUILD)/kubewright

$(BUILD)/kubewright: $(BUILD)/main.o $(OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(KW_LIBS)

# The product is free of casts that take const away; clang finds them all, gcc also those that C cannot do without.
$(OBJS) $(BUILD)/main.o: KW_CFLAGS += $(if $(findstring clang,$(CC)),-Wcast-qual)
$(BUILD)/base/code.o: KW_CFLAGS += $(if $(WORDS),-DWORDS_ARE_CODES)
$(BUILD)/cli/commands.o: KW_CFLAGS += -DKUBEWRIGHT_VERSION='"$(VERSION)"'
$(BUILD)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KW_CFLAGS) -MMD -MP -c -o $@ $<

# The scripts that run on servers, as C strings.
$(BUILD)/steps/host_scripts.c: $(HOST_SCRIPTS) steps/embed.sh
	$(call say,EMBED,steps/host)
	$(Q)mkdir -p $(@D)
	$(Q)sh steps/embed.sh $(HOST_SCRIPTS) > $@.tmp && mv $@.tmp $@
$(BUILD)/steps/host_scripts.o: $(BUILD)/steps/host_scripts.c
	$(Q)$(CC) $(KW_CFLAGS) -Wno-overlength-strings -c -o $@ $<

$(BUILD)/tests/test_%: $(BUILD)/tests/unit/test_%.o $(OBJS) $(FAKES)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(KW_LIBS)

.SECONDARY: $(FAKES) $(TEST_OBJS)
# LESS="test_a test_b": all but these
check: $(filter-out $(LESS:%=$(BUILD)/tests/%),$(TESTS))
	$(Q)tests/run-unit $^

-include $(OBJS:.o=.d) $(FAKES:.o=.d) $(BUILD)/main.d $(TEST_OBJS:.o=.d)

clean:
	rm -rf $(BUILD) build-asan build-tsan build-clang build-fuzz build-words
include tests/targets.mk

# ---- the two set-up commands of the README, and what they are made of
deps:
	$(Q)tests/install-deps
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(SUDO) tests/demo
test: deps
	$(Q)tests/run-all
e2e: all
	$(Q)$(SUDO) tests/e2e/run
	$(Q)$(SUDO) tests/e2e/run debian -- upgrade
	$(Q)$(SUDO) tests/e2e/run newest -- wizard
e2e-full: all
	$(Q)$(MAKE) --no-print-directory fuzz
	$(Q)$(SUDO) tests/e2e/run debian release -- install wizard faults sanitizers badinput rejoin repair restore snapshots remove operators forwarding
	$(Q)$(SUDO) tests/e2e/run debian release -- upgrade upgrade_check reboot settings components security benchmark endpoint certs rotate custody serving hardened pages adopt drill
	$(Q)$(SUDO) tests/e2e/run newest -- reset machine hardware mesh
	$(Q)$(SUDO) env E2E_PARTS=dashboard tests/e2e/run newest -- wizard
# newest: kill -9, a cut cable and a power failure in every step of the plan; eight minutes each. Of an upgrade all of them in one
e2e-crash: all
	$(Q)$(SUDO) tests/e2e/run newest -- crash
	$(Q)$(SUDO) tests/e2e/run debian release -- upgrade_crash
SUDO := $(if $(filter 0,$(shell id -u)),,sudo -E)

# the wizard in real terminals, by tmux; no root, no lab
check-tui: all
	$(Q)tests/tui/terminals.sh

# The same sources with sanitizers, in folders of their own: `make asan`, `make tsan` run the unit tests so; sanitized builds the programs for end-to-end tests.
ASAN := BUILD=build-asan OPT=-O1 CFLAGS='-g1 -fno-omit-frame-pointer' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
TSAN := BUILD=build-tsan OPT=-O1 CFLAGS=-g1 SAN=-fsanitize=thread
# what is freed is kept from being used again up to so much, and so many callers of each allocation: more costs more page faults than it finds
asan:
	$(Q)ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=8:$$ASAN_OPTIONS $(MAKE) --no-print-directory check $(ASAN) LESS='$(SHELL_TESTS)'
tsan:
	$(Q)$(MAKE) --no-print-directory check $(TSAN) LESS='$(SHELL_TESTS)'
sanitized:
	$(Q)$(MAKE) --no-print-directory all $(ASAN)
	$(Q)$(MAKE) --no-print-directory all $(TSAN)
# the same sources by another compiler, whose warnings are others; they do not need what its optimizer finds
clang:
	$(Q)$(MAKE) --no-print-directory all objects BUILD=build-clang OPT=-O0 CC='$(if $(findstring ccache,$(CC)),ccache )clang' WERROR=1
objects: $(TEST_OBJS) $(FAKES)

install: all
	install -D -m 0755 $(BUILD)/kubewright $(DESTDIR)$(bindir)/kubewright
	install -D -m 0644 docs/kubewright.1 $(DESTDIR)$(mandir)/man1/kubewright.1
	install -D -m 0644 docs/kubewright.yaml.5 $(DESTDIR)$(mandir)/man5/kubewright.yaml.5
	install -D -m 0644 packaging/completions/kubewright.bash $(DESTDIR)$(completionsdir)/kubewright
uninstall:
	rm -f $(DESTDIR)$(bindir)/kubewright $(DESTDIR)$(mandir)/man1/kubewright.1 $(DESTDIR)$(mandir)/man5/kubewright.yaml.5 \
		$(DESTDIR)$(completionsdir)/kubewright

# What is committed, as a tarball that needs no git: its version is in the file .version.
DIST := kubewright-$(VERSION)
dist:
	$(Q)mkdir -p $(BUILD)
	$(Q)git archive --prefix=$(DIST)/ --add-virtual-file=$(DIST)/.version:$(VERSION) HEAD | gzip -n >$(BUILD)/$(DIST).tar.gz.tmp
	$(Q)mv $(BUILD)/$(DIST).tar.gz.tmp $(BUILD)/$(DIST).tar.gz
	@echo $(BUILD)/$(DIST).tar.gz
