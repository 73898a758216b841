#include "base/descriptors.h"
#include "cli/cli.h"

int main(int argc, char **argv)
{
	cli_seal();
	descriptors_raise();
	return cli_main(argc, argv);
}
