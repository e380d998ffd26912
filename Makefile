# SPDX-License-Identifier: BSD-2-Clause
#
# make            the program, ./relaywatch
# make demo       packages, program, and a run on the captures in pcaps/
# make check      packages, program and every test; ends with "N passed, N failed"
# make check-fresh  the README's two command lines in a fresh Debian 12 (needs root)
# make bench      what a packet costs, beside tcpdump
# make fuzz       every fuzz target for FUZZ_SECONDS
# make lint       what is no test: style, static analysis
# make install    DESTDIR, PREFIX, BINDIR, MANDIR, DOCDIR, UNITDIR, SYSCONFDIR;
#                 make uninstall takes it away again
#
# SAN=address,undefined (or thread) builds with sanitizers, in a directory of its own.
# LTO= leaves link-time optimisation out, which makes a build from scratch quicker.
# WERROR= lets warnings of a newer compiler pass.

VERSION     = 0.1.0

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
SYSCONFDIR ?= /etc
DOCDIR     ?= $(PREFIX)/share/doc/relaywatch
UNITDIR    ?= $(PREFIX)/lib/systemd/system

CC         ?= cc
SAN        ?=
OPT        ?= -O3 -g
# Fat objects, so that the many test programs link without optimising all of it anew.
LTO        ?= -flto=auto -ffat-lto-objects
WERROR     ?= -Werror
comma      := ,
BUILD      := build/$(if $(SAN),san-$(subst $(comma),-,$(SAN)),default)

BUILD_PACKAGES := gcc libc6-dev pkg-config libpcap-dev libndpi-dev libjson-c-dev \
	libconfuse-dev libxxhash-dev libidn2-dev libpsl-dev zlib1g-dev libzstd-dev \
	libcap-ng-dev libsystemd-dev
TEST_PACKAGES  := libcmocka-dev iproute2 util-linux tcpdump tshark python3 \
	python3-jsonschema mandoc clang libclang-rt-14-dev zstd rsyslog \
	systemd strace logrotate
# For tests/lab_live.sh, no server among them: Exim runs unpacked (tests/lab/deps).
TEST_PACKAGES  += ethtool dnsmasq-base procps openssl libidn12 libgnutls-dane0

LIBRARIES  := libpcap libndpi json-c libconfuse libxxhash libidn2 libpsl zlib libzstd \
	libcap-ng libsystemd

WARNINGS    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 $(WERROR)
HARDENING   = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
# nDPI's headers are not clean under our warnings: taken as system headers.
LIB_CFLAGS  = $(subst -I,-isystem ,$(shell pkg-config --cflags $(LIBRARIES)))
LIB_LIBS    = $(shell pkg-config --libs $(LIBRARIES))
SAN_FLAGS   = $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	-fno-sanitize-recover=all)

ALL_CFLAGS  = -std=c11 -D_GNU_SOURCE -DRELAYWATCH_VERSION='"$(VERSION)"' \
	-DRELAYWATCH_SYSCONFDIR='"$(SYSCONFDIR)"' -Isensor -Ianalyzers \
	$(WARNINGS) $(OPT) $(if $(SAN),,$(HARDENING) $(LTO)) $(SAN_FLAGS) $(LIB_CFLAGS) \
	$(CPPFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),$(SAN_FLAGS),$(OPT) $(LTO) -pie -Wl,-z,relro,-z,now) $(LDFLAGS)

SOURCES    := $(sort $(wildcard sensor/*.c analyzers/*.c))
OBJECTS    := $(SOURCES:%.c=$(BUILD)/%.o)
PARTS      := $(filter-out %/main.o,$(OBJECTS)) # all but main: what tests link with
TESTS      := $(sort $(wildcard tests/test_*.c))
TEST_BINS  := $(TESTS:%.c=$(BUILD)/%)
SUPPORT    := $(filter-out $(TESTS),$(wildcard tests/*.c))

.PHONY: all deps test-deps demo show-demo check check-all check-unit check-sanitizers \
	check-replay check-fresh bench fuzz build-tests build-tools build-sanitized build-fuzz install uninstall \
	clean format lint
.DELETE_ON_ERROR:
.SECONDARY:

all: relaywatch

# The program at the root is the one asked for last, with or without sanitizers: times do
# not tell, for the other one may have been copied later than this one was built.
relaywatch: $(BUILD)/relaywatch FORCE
	@cmp -s $< $@ || cp -f $< $@

$(BUILD)/relaywatch: $(OBJECTS)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIB_LIBS)

# Flags that changed since the last build rebuild everything.
FLAGS_FILE := $(BUILD)/flags
$(FLAGS_FILE): FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(subst ','"'"',$(ALL_CFLAGS)) $(ALL_LDFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(subst ','"'"',$(ALL_CFLAGS)) $(ALL_LDFLAGS)' > $@
.PHONY: FORCE

$(BUILD)/%.o: %.c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(SUPPORT:%.c=$(BUILD)/%.o) $(PARTS)
	$(CC) $(filter-out $(LTO),$(ALL_LDFLAGS)) -fno-lto -o $@ $^ -lcmocka $(LIB_LIBS)

-include $(OBJECTS:.o=.d) $(TESTS:%.c=$(BUILD)/%.d) $(SUPPORT:%.c=$(BUILD)/%.d)

# Installs what is missing of the packages named; says nothing when all is there.
define install_missing
@missing=$$(for package in $(1); do \
	dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | \
	    grep -qx installed || echo $$package; done); \
if [ -z "$$missing" ]; then exit 0; fi; \
if ! command -v apt-get >/dev/null; then \
	echo "These packages of Debian, or what they hold, are needed:" $$missing >&2; exit 1; \
elif [ "$$(id -u)" -eq 0 ]; then sudo=; \
elif command -v sudo >/dev/null; then sudo=sudo; \
else echo "As root, please: apt-get install" $$missing >&2; exit 1; fi; \
$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q update && \
$$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
    install $$missing
endef

deps:
	$(call install_missing,$(BUILD_PACKAGES))

test-deps:
	$(call install_missing,$(TEST_PACKAGES))

# What follows deps runs in a make of its own, because flags are asked from packages.
AGAIN       = $(MAKE) --no-print-directory
PARALLEL    = $(AGAIN) -j$$(nproc)

demo: deps
	@$(PARALLEL) -s relaywatch
	@$(AGAIN) -s show-demo

show-demo:
	@tests/demo.sh

SANITIZED   = SAN=address,undefined
SAN_TESTS   = $(TESTS:%.c=build/san-address-undefined/%)

FUZZ_SECONDS ?= 60
FUZZ_SAN    = fuzzer-no-link,address,undefined
FUZZ_MAKE   = CC=clang SAN=$(FUZZ_SAN) WERROR=
FUZZ_DIR    = build/san-fuzzer-no-link-address-undefined
FUZZ_BINS  := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_NAMES := $(notdir $(FUZZ_BINS))

$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(PARTS)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIB_LIBS)

-include $(FUZZ_BINS:=.d)

# What makes, changes and measures captures for the tests.
TOOL_BINS  := $(addprefix $(BUILD)/tools/,pcapgen make_stress make_attack pcapmangle pcapwrap \
	measure)
TOOL_PARTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/tools/*.c tests/bench/*.c))
$(BUILD)/tools/pcapgen: $(filter %/pcapwrite.o %/pcapgen.o,$(TOOL_PARTS)) \
	$(filter $(BUILD)/tests/bench/gen_%,$(TOOL_PARTS))
$(BUILD)/tools/make_stress: $(filter %/pcapwrite.o %/make_stress.o,$(TOOL_PARTS))
$(BUILD)/tools/make_attack: $(filter %/pcapwrite.o %/make_attack.o,$(TOOL_PARTS)) \
	$(filter $(BUILD)/tests/tools/attack_%,$(TOOL_PARTS))
$(BUILD)/tools/pcapmangle: $(filter $(BUILD)/tests/tools/mangle_% %/pcapmangle.o,$(TOOL_PARTS))
$(BUILD)/tools/pcapwrap: $(filter %/pcapwrap.o,$(TOOL_PARTS))
$(BUILD)/tools/measure: $(filter %/measure.o,$(TOOL_PARTS))
$(TOOL_BINS):
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lpcap

-include $(TOOL_PARTS:.o=.d)

build-tools: $(TOOL_BINS)

build-tests: $(BUILD)/relaywatch $(TEST_BINS)

build-fuzz: $(FUZZ_BINS)

build-sanitized:
	@$(PARALLEL) -s $(SANITIZED) build-tests

check: deps test-deps
	@$(AGAIN) check-all

# One list, one count at its end.
check-all:
	@$(PARALLEL) -s relaywatch build-tests build-tools
	@$(PARALLEL) -s $(SANITIZED) build-tests
	@$(PARALLEL) -s $(FUZZ_MAKE) build-fuzz
	@tests/run.sh $(TEST_BINS) $(SAN_TESTS) tests/headers.sh tests/cli.sh tests/syslog.sh \
	    tests/service.sh tests/install.sh tests/docs.sh \
	    tests/test_validate_events.py tests/replay.sh tests/nmap.py tests/live.sh \
	    tests/input.sh tests/determinism.sh tests/truth.sh tests/stress.sh tests/attack.sh \
	    tests/metamorphic.sh tests/encapsulations.sh tests/forms.sh tests/oracle.sh tests/captures.sh \
	    tests/damage.sh tests/lab_live.sh \
	    $(FUZZ_NAMES:%='tests/fuzz.sh $(FUZZ_DIR)/tests/fuzz/% 5')

check-unit: build-tests
	@tests/run.sh $(TEST_BINS)

check-sanitizers: build-sanitized
	@tests/run.sh $(SAN_TESTS)

check-replay: relaywatch
	@tests/run.sh tests/replay.sh

check-fresh:
	@tests/run.sh tests/debian_root.sh

fuzz: deps test-deps
	@$(PARALLEL) -s $(FUZZ_MAKE) build-fuzz
	@tests/run.sh $(FUZZ_NAMES:%='tests/fuzz.sh $(FUZZ_DIR)/tests/fuzz/% $(FUZZ_SECONDS)')

bench: deps test-deps
	@$(PARALLEL) -s relaywatch
	@tests/bench/run.sh

# The program is for every user, as tcpdump is: reading a capture takes no rights. So it
# belongs into BINDIR, although its manual is in section 8.
# A configuration that is there already is somebody's; the sample comes along in DOCDIR.
DOCS       := README.md CHANGELOG.md LICENSE relaywatch.conf
CONF_FILE   = $(DESTDIR)$(SYSCONFDIR)/relaywatch/relaywatch.conf
MANUAL      = $(DESTDIR)$(MANDIR)/man8/relaywatch.8
UNIT        = $(DESTDIR)$(UNITDIR)/relaywatch@.service
LOGROTATE   = $(DESTDIR)$(SYSCONFDIR)/logrotate.d/relaywatch
PATHS       = -e 's|/usr/local/bin/|$(BINDIR)/|g' -e 's|/etc/|$(SYSCONFDIR)/|g'
install: relaywatch
	install -D -m 755 relaywatch '$(DESTDIR)$(BINDIR)/relaywatch'
	install -d '$(DESTDIR)$(DOCDIR)' '$(DESTDIR)$(MANDIR)/man8' '$(DESTDIR)$(UNITDIR)' \
	    '$(DESTDIR)$(SYSCONFDIR)/logrotate.d'
	install -m 644 README.md CHANGELOG.md LICENSE systemd/relaywatch.conf \
	    '$(DESTDIR)$(DOCDIR)'
	sed $(PATHS) sensor/relaywatch.8 >'$(MANUAL)' && chmod 644 '$(MANUAL)'
	sed $(PATHS) systemd/relaywatch@.service >'$(UNIT)' && chmod 644 '$(UNIT)'
	test -e '$(CONF_FILE)' || install -D -m 644 systemd/relaywatch.conf '$(CONF_FILE)'
	test -e '$(LOGROTATE)' || { sed $(PATHS) systemd/relaywatch.logrotate >'$(LOGROTATE)' && \
	    chmod 644 '$(LOGROTATE)'; }

# What was changed in SYSCONFDIR stays, and so do the logs.
uninstall:
	rm -f '$(DESTDIR)$(BINDIR)/relaywatch' '$(MANUAL)' '$(UNIT)' \
	    $(DOCS:%='$(DESTDIR)$(DOCDIR)/%')
	! cmp -s systemd/relaywatch.conf '$(CONF_FILE)' || rm -f '$(CONF_FILE)'
	! sed $(PATHS) systemd/relaywatch.logrotate | cmp -s - '$(LOGROTATE)' || \
	    rm -f '$(LOGROTATE)'
	rmdir '$(DESTDIR)$(DOCDIR)' '$(DESTDIR)$(SYSCONFDIR)/relaywatch' 2>/dev/null || true

lint:
	@tests/style.sh
	@mandoc -T lint -W warning sensor/relaywatch.8

format:
	clang-format -i $(SOURCES) $(wildcard sensor/*.h analyzers/*.h tests/*.[ch])

clean:
	rm -rf build relaywatch
