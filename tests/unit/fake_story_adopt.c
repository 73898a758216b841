/* The pages on which a cluster is taken over, after looks that nobody took. */
#include "tests/unit/fake_story.h"

#include "tests/unit/fake_port.h"
#include "tui/adopt.h"

#include <string.h>

static const char command[] = "kubewright adopt 'ops@10.0.0.11' --out 'adopted-1.yaml'";

static void seen(enum fake_adopt kind)
{
	struct screen *s = screen_adopted("", command);

	/* under way: no look begins by itself */
	story_run(&fake_wizard, STORY_CHECK, 0);
	fake_wizard.purpose = PURPOSE_SNAPSHOT;
	app_push(fake_app, s);
	fake_adopt_fill(&fake_wizard.adopted, kind, "/home/admin/adopted-1.yaml", NULL);
	fake_wizard.adopted_valid = true;
	fake_wizard.adopted_ms = 1000000 - 7000;
	app_changed(fake_app);
	s->ops->tick(s, 1000000);
}

void story_adopt(const char *page)
{
	if (strcmp(page, "adopt") == 0) {
		app_push(fake_app, screen_adopt());
	} else if (strcmp(page, "adopt-keys") == 0) {
		app_push(fake_app, screen_adopt_keys(command));
	} else if (strcmp(page, "adopted-unreached") == 0) {
		seen(FAKE_ADOPT_UNREACHED);
	} else if (strcmp(page, "adopted-refused") == 0) {
		seen(FAKE_ADOPT_REFUSED);
		fake_keys("jj");
	} else {
		seen(FAKE_ADOPT_FITS);
		app_key(fake_app, K_END);
	}
}
