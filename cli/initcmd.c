/* kubewright init. */
#include "cli/cli.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int write_sample(const char *file, const struct str *text, struct error *err)
{
	if (strcmp(file, "-") == 0) {
		fwrite(text->buf, 1, text->len, stdout);
		return 0;
	}
	if (access(file, F_OK) == 0) {
		error_set(err, ERROR_USAGE, "%s already exists and is never overwritten", file);
		return error_hint(err, "name another file with -f, or use '-f -' to see the text");
	}
	if (file_create(file, text->buf, text->len, 0644, err))
		return -1;
	fprintf(stderr, "wrote %s; look it over, then run 'kubewright check%s%s'\n", file,
		strcmp(file, CLI_FILE) ? " -f " : "", strcmp(file, CLI_FILE) ? file : "");
	return 0;
}

int cli_init(const struct cli_options *o)
{
	struct str text = STR_INIT;
	struct error err = { 0 };
	int status = 0;

	if (inventory_sample(
		    o->cluster ? o->cluster : "kubernetes", (const char *const *)o->args, o->arg_count, &text, &err) ||
		write_sample(o->file, &text, &err))
		status = cli_fail(&err);
	str_release(&text);
	return status;
}
