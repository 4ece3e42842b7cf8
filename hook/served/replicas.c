#include "served/replicas.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "http/url.h"

static void add(struct served_replica_list *list, const char *url)
{
	size_t size = strlen(url);
	while (size > 0 && url[size - 1] == '/')
		size--;
	list->items = memory_grow(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = (struct served_replica){
		.url = text_format("%.*s", (int)size, url),
		.shown = http_url_show(url),
	};
}

int served_replicas_find(const struct served *served, const char *url, struct deadline deadline,
	struct served_replica_list *list, struct fail *f)
{
	(void)deadline;
	(void)f;
	for (size_t i = 0; i < served->replicas.url_count; i++)
		add(list, served->replicas.urls[i]);
	if (list->count == 0)
		add(list, url);
	return 0;
}

void served_replicas_release(struct served_replica_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].url);
		free(list->items[i].connect_to);
		free(list->items[i].shown);
	}
	free(list->items);
	*list = (struct served_replica_list){0};
}
