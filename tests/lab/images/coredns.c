/*
 * Stands in for CoreDNS where DNS is not under test: answers every HTTP request on the health (8080) and readiness
 * (8181) ports with 200, resolves nothing.
 */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_end(int signal_number)
{
	(void)signal_number;
	_exit(0);
}

static int listen_on(unsigned short port)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 64) < 0)
		_exit(1);
	return fd;
}

static void answer(int listener)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK";
	char request[4096];
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	if (read(fd, request, sizeof(request)) > 0 && write(fd, text, strlen(text)) > 0)
		shutdown(fd, SHUT_WR);
	close(fd);
}

int main(void)
{
	struct pollfd ports[2] = {{.fd = listen_on(8080), .events = POLLIN}, {.fd = listen_on(8181), .events = POLLIN}};

	signal(SIGTERM, on_end);
	signal(SIGINT, on_end);
	signal(SIGPIPE, SIG_IGN);
	while (poll(ports, 2, -1) >= 0)
		for (int i = 0; i < 2; i++)
			if (ports[i].revents)
				answer(ports[i].fd);
	return 1;
}
