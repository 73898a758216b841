#!/bin/sh
# Prints C source that holds each given script as a string: what runs on servers is compiled into the binary.
set -eu
echo '#include "steps/host/scripts.h"'
for f in "$@"; do
	name=$(basename "$f" .sh | tr - _)
	printf 'const char host_script_%s[] =\n' "$name"
	# comment lines stay: an operator may read the script on the host
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$f"
	echo ';'
done
