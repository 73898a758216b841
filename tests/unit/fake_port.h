/*
 * A port of the wizard whose hosts and findings are canned and whose engine is the real one; and hands and eyes for
 * tests of screens.
 */
#ifndef TESTS_UNIT_FAKE_PORT_H
#define TESTS_UNIT_FAKE_PORT_H

#include "tests/unit/fake_adopt.h"
#include "tests/unit/fake_benchmark.h"
#include "tests/unit/fake_certs.h"
#include "tests/unit/fake_drill_page.h"
#include "tests/unit/fake_hardware.h"
#include "tests/unit/fake_mesh.h"
#include "tests/unit/fake_requests.h"
#include "tests/unit/fake_rotation.h"
#include "tests/unit/fake_support.h"
#include "tui/canvas.h"
#include "tui/pages.h"

#include <stdbool.h>

struct fake_port {
	unsigned begun[PURPOSE_COUNT];             /* by purpose */
	bool refuse_login;              /* of the second host */
	bool hostile;                   /* all texts of hosts are */
	bool nothing_to_do;
	bool endless;                   /* a look that begins lasts until it is stopped */
	bool ask_keys;                  /* the first host shows an unknown key */
	bool fixed;                     /* the remedy was applied */
	bool secret_first, secret_told; /* a secret is asked for before anything begins */
	bool at_once;                   /* a run is over before anybody sees it */
	bool dead;                      /* the last apply was cut off */
	bool wrong_remedy;              /* the remedy was asked for another host or finding than cp1's swap-on */
	bool stands;                    /* the last apply verified the cluster */
	bool broken;                    /* cp3 is dead, until a repair or its rejoin */
	enum fake_certs certs;          /* what a look at certificates sees */
	enum fake_requests requests;    /* who waits for a certificate */
	enum fake_rotation rotation;    /* how far a look says that it is */
	bool no_archive;                /* of support: it cannot be written */
	enum fake_adopt adopt;          /* what a takeover sees */
	bool adopt_next;                /* the next look of one is at all hosts */
	bool adopt_fails;               /* its inventory cannot be written */
	bool keys_here;                 /* its keys are on this machine */
	bool no_keys;                   /* no control plane gives them */
	bool barred; /* something forbids an upgrade */
	char host[64];                  /* that the last run was about */
	char what[256];                 /* … */
	const char *recent;
	const char *live;               /* the journal of an apply under way in another process */
};
extern struct fake_port fake;
extern const struct port fake_port;

/* One wizard, its app and a canvas: a test is a process of its own. */
extern struct wizard fake_wizard;
extern struct app *fake_app;
extern struct canvas fake_canvas;
/* An inventory of rack7: cp1 to cp3, w1, w2. */
extern const char fake_file[];

/* A file that the wizard may read; aborts the test when it cannot be written. */
void fake_write(const char *path, const char *text);
/* text NULL: nothing is opened; else it becomes kubewright.yaml and is opened. first becomes the only screen. */
void fake_set_up(const char *text, struct screen *first, int width, int height, bool ascii);
void fake_tear_down(void);
/*
 * What the operator sees, characters alone, lent; others than ASCII as "?". Control characters on the canvas abort the
 * test.
 */
const char *fake_see(void);
void fake_keys(const char *text);
/* One turn of the app's loop without keys. */
void fake_turn(void);
/* Until nothing is under way. */
void fake_wait_over(void);

/* Whether the operator sees this; the screen is printed when not. */
bool fake_sees(const char *text);

#endif
