/* Keys from the bytes of a terminal: characters that come in parts, text that is pasted. */
#ifndef TUI_INPUT_H
#define TUI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
	unsigned char part[4]; /* of a character */
	size_t part_len;
	bool pasting;
	bool after_return; /* within a paste: the last character was \r */
	size_t end_seen;   /* within a paste: bytes of the end mark */
	int64_t last_ms;
};
/* Between the marks that terminals put around what is pasted. Without an end for a second the paste is over. */
#define INPUT_PASTE_BEGIN "\033[200~"
#define INPUT_PASTE_END "\033[201~"

/* One byte; K_NONE: a character is not whole, or no UTF-8. now_ms: monotonic. See term_key for what a paste gives. */
int input_byte(struct input *in, unsigned char byte, int64_t now_ms);
/* A function key, as it is; K_NONE within a paste. */
int input_function(struct input *in, int key, int64_t now_ms);
void input_paste(struct input *in, bool begins, int64_t now_ms);

#endif
