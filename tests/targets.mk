# targets of the test suites; each owner adds their own
$(TESTS): KW_LIBS += -lssl # fake_tls.c
# Where nearly all of the time goes to the shells that run the hosts' scripts, of which a sanitizer sees nothing: `make asan` and `make tsan` leave them out.
SHELL_TESTS := $(addprefix test_,approve_script birth birth_maps change_scripts custody_script drill_script endpoint_leaves mesh_script os packages probe \
	renew_script snapshots_script sources sysctl_names undo want)
.PHONY: check-shells
check-shells:
	$(Q)$(MAKE) --no-print-directory check TESTS='$(SHELL_TESTS:%=$(BUILD)/tests/%)'
include tests/fuzz/fuzz.mk
include tests/lint.mk
include tests/bench/bench.mk
