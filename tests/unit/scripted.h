/* scripted - a server on the loopback that answers from a list, and keeps what it was asked.
 *
 * Each request takes the next reply, whatever connection it comes on. One at a time:
 * scripted_start, then requests, then scripted_stop, which closes everything.
 */
#ifndef MODELHOOK_TESTS_SCRIPTED_H
#define MODELHOOK_TESTS_SCRIPTED_H

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum scripted_end {
	KEEP,	/* keep the connection */
	CLOSE,	/* close it after these bytes (none: hang up without an answer) */
	SILENT, /* answer nothing, keep it open */
};

struct reply {
	const char *bytes;
	enum scripted_end end;
	int delay_ms; /* before the bytes */
};

#define SCRIPTED_MAX 32

struct scripted {
	int listener;
	int port;
	pthread_t thread;
	const struct reply *replies;
	size_t count;
	const char *greeting; /* said before any request, or NULL */
	pthread_mutex_t lock;
	char *heads[SCRIPTED_MAX]; /* of each request */
	size_t bodies[SCRIPTED_MAX];
	size_t seen;
	int connections;
	int open[SCRIPTED_MAX];
	pthread_t threads[SCRIPTED_MAX];
};

struct scripted_connection {
	struct scripted *server;
	int fd;
};

static char *scripted_read_head(int fd)
{
	char *head = calloc(1, 1 << 16);
	for (size_t size = 0; size < (1 << 16) - 1 && strstr(head, "\r\n\r\n") == NULL; size++)
		if (recv(fd, head + size, 1, 0) != 1) {
			free(head);
			return NULL;
		}
	return head;
}

static size_t scripted_read_body(int fd, const char *head)
{
	const char *line = strcasestr(head, "\r\ncontent-length:");
	size_t wanted = line != NULL ? strtoul(line + 17, NULL, 10) : 0, got = 0;
	char buffer[65536];
	while (got < wanted) {
		size_t left = wanted - got;
		ssize_t n = recv(fd, buffer, left < sizeof(buffer) ? left : sizeof(buffer), 0);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

static const struct reply *scripted_next(struct scripted *s, char *head, size_t body)
{
	const struct reply *reply = NULL;
	pthread_mutex_lock(&s->lock);
	if (s->seen < SCRIPTED_MAX) {
		s->heads[s->seen] = head;
		s->bodies[s->seen] = body;
		reply = s->seen < s->count ? &s->replies[s->seen] : NULL;
		s->seen++;
	}
	pthread_mutex_unlock(&s->lock);
	return reply;
}

static void *scripted_serve(void *context)
{
	struct scripted_connection connection = *(struct scripted_connection *)context;
	free(context);
	const char *greeting = connection.server->greeting;
	if (greeting != NULL)
		send(connection.fd, greeting, strlen(greeting), MSG_NOSIGNAL);
	for (;;) {
		char *head = scripted_read_head(connection.fd);
		if (head == NULL)
			break;
		size_t body = scripted_read_body(connection.fd, head);
		const struct reply *reply = scripted_next(connection.server, head, body);
		if (reply == NULL)
			break;
		usleep((useconds_t)reply->delay_ms * 1000);
		if (reply->bytes != NULL)
			send(connection.fd, reply->bytes, strlen(reply->bytes), MSG_NOSIGNAL);
		if (reply->end == CLOSE)
			break;
	}
	shutdown(connection.fd, SHUT_RDWR);
	return NULL;
}

static void *scripted_accept(void *context)
{
	struct scripted *s = context;
	for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0;) {
		struct scripted_connection *connection = malloc(sizeof(*connection));
		*connection = (struct scripted_connection){s, fd};
		s->open[s->connections] = fd;
		pthread_create(&s->threads[s->connections++], NULL, scripted_serve, connection);
		if (s->connections == SCRIPTED_MAX)
			break;
	}
	return NULL;
}

static void scripted_start(struct scripted *s, const struct reply *replies, size_t count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	*s = (struct scripted){.replies = replies, .count = count};
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(s->listener, (struct sockaddr *)&address, size) != 0 ||
		listen(s->listener, 16) != 0 ||
		getsockname(s->listener, (struct sockaddr *)&address, &size) != 0)
		abort();
	s->port = ntohs(address.sin_port);
	pthread_create(&s->thread, NULL, scripted_accept, s);
}

static void scripted_stop(struct scripted *s)
{
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->listener);
	for (int i = 0; i < s->connections; i++) {
		shutdown(s->open[i], SHUT_RDWR);
		pthread_join(s->threads[i], NULL);
		close(s->open[i]);
	}
	for (size_t i = 0; i < s->seen; i++)
		free(s->heads[i]);
}

#endif
