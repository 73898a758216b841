# make fuzz [FUZZ_SECONDS=60] [FUZZ=fuzz_inventory]: every tests/fuzz/fuzz_NAME.c for that long, with clang's libFuzzer; the last line sums up.
# FUZZ_SEEDS_fuzz_NAME: folders of seeds. tests/fuzz/fuzz_NAME.dict: words that it is made of.
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
FUZZ ?= $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -g -O1 -fno-omit-frame-pointer $(FUZZ_SAN) -fsanitize=fuzzer-no-link \
	$(shell $(PKG_CONFIG) --cflags $(LIBS))
FUZZ_OBJS := $(SRCS:%.c=build-fuzz/%.o) build-fuzz/tests/fuzz/common.o build-fuzz/steps/host_scripts.o

FUZZ_SEEDS_fuzz_inventory := examples tests/unit/inventory
FUZZ_SEEDS_fuzz_document := examples

fuzz: $(FUZZ:%=build-fuzz/%)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $(foreach f,$(FUZZ),$(f):$(subst $() ,:,$(FUZZ_SEEDS_$(f))))

build-fuzz/cli/commands.o: FUZZ_CFLAGS += -DKUBEWRIGHT_VERSION='"$(VERSION)"'
build-fuzz/steps/host_scripts.o: $(BUILD)/steps/host_scripts.c
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -c -o $@ $<
build-fuzz/%.o: %.c
	$(call say,CC,$< (fuzz))
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<
build-fuzz/fuzz_%: build-fuzz/tests/fuzz/fuzz_%.o $(FUZZ_OBJS)
	$(call say,LINK,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_SAN) -fsanitize=fuzzer -o $@ $^ -pthread $(shell $(PKG_CONFIG) --libs $(LIBS))
.SECONDARY: $(FUZZ:%=build-fuzz/tests/fuzz/%.o) $(FUZZ_OBJS)
-include $(FUZZ_OBJS:.o=.d) $(FUZZ:%=build-fuzz/tests/fuzz/%.d)
