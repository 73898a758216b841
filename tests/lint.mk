# make lint: what a reader should not have to check by eye. A tool that is not installed is left out with a word.
.PHONY: lint-layers lint-symbols lint-headers lint-size lint-words lint-shell lint-format lint-man

# What clang-format has the last word on. Headers align their comments by hand.
FORMATTED := main.c $(wildcard base/*.h) $(foreach d,$(MODULES) tui tests/unit tests/fuzz,$(wildcard $(d)/*.c))

lint: lint-layers lint-symbols lint-headers lint-size lint-words lint-shell lint-format lint-man

lint-layers:
	$(call say,LINT,layers)
	$(Q)tests/lint/layers
lint-symbols: all
	$(call say,LINT,symbols)
	$(Q)tests/lint/symbols $(BUILD)
lint-headers:
	$(call say,LINT,headers)
	$(Q)tests/lint/headers $(wildcard *.h */*.h tests/*/*.h)
lint-size:
	$(call say,LINT,size)
	$(Q)tests/lint/size
lint-words:
	$(call say,LINT,words)
	$(Q)tests/lint/words
lint-shell:
	$(call say,LINT,shell)
	$(Q)tests/lint/shell
lint-format:
	$(call say,LINT,format)
	$(Q)if command -v clang-format >/dev/null; then clang-format --dry-run -Werror $(FORMATTED); else echo 'no clang-format: left out'; fi
lint-man:
	$(call say,LINT,man pages)
	$(Q)if command -v mandoc >/dev/null; then \
		for page in $(wildcard docs/*.1 docs/*.5); do mandoc -T lint -W warning "$$page" || exit 1; done; \
	else echo 'no mandoc: left out'; fi

format:
	clang-format -i $(FORMATTED)
