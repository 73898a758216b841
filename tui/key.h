/* A key press, apart from how a terminal encodes it. */
#ifndef TUI_KEY_H
#define TUI_KEY_H

/* A code point for characters (Enter '\r', Tab '\t', Escape 27, Ctrl-A 1, …, Ctrl-L 12), or one of these. */
enum key_code {
	K_NONE = 0,
	K_ENTER = '\r',
	K_TAB = '\t',
	K_ESCAPE = 27,
	K_BACKSPACE = 127, /* 8 and curses' own become this one */
	K_UP = 0x110000, K_DOWN, K_LEFT, K_RIGHT, K_PAGE_UP, K_PAGE_DOWN, K_HOME, K_END, K_DELETE, K_INSERT, K_BACK_TAB,
	K_F1, K_F2, K_F3, K_F4, K_F5, K_F6, K_F7, K_F8, K_F9, K_F10,
	K_RESIZE,
};
#define K_CTRL(c) ((c) & 31)

/* "Enter", "F5", "Ctrl-L", "Space", "q" into out (16 bytes or more); returns out. */
char *key_name(int code, char *out, unsigned size);

#endif
