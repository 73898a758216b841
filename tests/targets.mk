# targets of the test suites; each owner adds their own
$(TESTS): KW_LIBS += -lssl # fake_tls.c
include tests/fuzz/fuzz.mk
include tests/lint.mk
include tests/bench/bench.mk
