# make fuzz [FUZZ_SECONDS=60] [FUZZ=fuzz_inventory]: every tests/fuzz/fuzz_NAME.c for that long, with clang's libFuzzer.
# FUZZ_MODULES_fuzz_NAME: the folders it needs, when not all below the engine; FUZZ_SEEDS_fuzz_NAME: folders of seeds.
FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
FUZZ ?= $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_CFLAGS := -std=c11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_MODULES := base inventory pki remote net cluster
FUZZ_DICT = $(wildcard tests/fuzz/$(@:run-fuzz_%=%).dict)

FUZZ_MODULES_fuzz_inventory := base inventory
FUZZ_SEEDS_fuzz_inventory := examples tests/unit/inventory

fuzz: $(FUZZ:%=run-%)

build-fuzz/%: tests/fuzz/%.c $(SRCS) $(wildcard base/*.h inventory/*.h)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $< $(foreach m,$(or $(FUZZ_MODULES_$*),$(FUZZ_MODULES)),$(wildcard $(m)/*.c)) \
		$(shell $(PKG_CONFIG) --cflags --libs $(LIBS)) -pthread

.PHONY: $(FUZZ:%=run-%)
$(FUZZ:%=run-%): run-%: build-fuzz/%
	$(call say,RUN,$< for $(FUZZ_SECONDS) s)
	$(Q)mkdir -p build-fuzz/corpus-$*
	$(Q)$< -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -print_final_stats=1 -verbosity=0 -artifact_prefix=build-fuzz/ \
		$(FUZZ_DICT:%=-dict=%) build-fuzz/corpus-$* $(FUZZ_SEEDS_$*)
