# make bench: figures, each measured, none asserted. BENCH="size pki wizard facts hardware many lab" chooses; lab takes minutes and the whole machine.
# BENCH_HOSTS, BENCH_ROUNDS, BENCH_SECONDS: how many hosts are played, how often each is measured, how long the wizard is. BENCH_MANY hosts are
# checked with no more than BENCH_FILES open files.
BENCH ?= size pki wizard facts hardware many lab
BENCH_PROGRAMS := $(BUILD)/bench/bench_facts $(BUILD)/bench/bench_pki $(BUILD)/bench/bench_wizard

$(BUILD)/bench/%: tests/bench/%.c $(OBJS)
	$(call say,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(KW_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(OBJS) $(KW_LIBS)
-include $(addsuffix .d,$(BENCH_PROGRAMS))

bench: all $(BENCH_PROGRAMS)
	$(Q)$(SUDO) tests/bench/run $(BENCH)
