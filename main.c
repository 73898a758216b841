#include "cli/cli.h"

int main(int argc, char **argv)
{
	cli_seal();
	return cli_main(argc, argv);
}
