#include "packaging/savedmodel/graph_checksum.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void graph_checksum_begin(struct graph_checksum *checksum)
{
	*checksum = (struct graph_checksum){0};
	checksum->frames[0] = (struct graph_frame){.message = GRAPH_SAVED_MODEL, .end = UINT64_MAX};
}

static void stop(struct graph_checksum *c, enum graph_checksum_end why)
{
	if (c->end == GRAPH_CHECKSUM_WHOLE)
		c->end = why;
}

static bool is_stopped(const struct graph_checksum *c)
{
	return c->end != GRAPH_CHECKSUM_WHOLE;
}

static struct graph_frame *top(struct graph_checksum *c)
{
	return &c->frames[c->depth];
}

/* Pass on what was taken since the last time, to where it now belongs. */
static void settle(struct graph_checksum *c)
{
	size_t size = (size_t)(c->at - c->piece);
	if (!c->is_holding)
		fingerprint64_add(&c->hash, c->piece, size);
	else if (size > GRAPH_CHECKSUM_HELD - c->held.size)
		stop(c, GRAPH_CHECKSUM_TOO_LARGE);
	else
		text_add(&c->held, c->piece, size);
	c->piece = c->at;
}

static int compare(const void *a, const void *b)
{
	const struct graph_entry *x = a, *y = b;
	size_t common = x->key_size < y->key_size ? x->key_size : y->key_size;
	int order = memcmp(x->key, y->key, common);
	if (order != 0)
		return order;
	if (x->key_size != y->key_size)
		return x->key_size < y->key_size ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

/* Between two entries lies the tag of the map, the same each time. */
static void put_in_order(struct graph_checksum *c, struct graph_entry *entries, size_t count)
{
	struct text ordered = {0};
	size_t start = entries[0].start;
	size_t tag = entries[0].end, tag_size = entries[1].start - tag;
	qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 0; i < count; i++) {
		size_t size = entries[i].end - entries[i].start;
		text_add(&ordered, c->held.data + entries[i].start, size);
		if (i + 1 < count)
			text_add(&ordered, c->held.data + tag, tag_size);
	}
	memcpy(c->held.data + start, ordered.data, ordered.size);
	text_release(&ordered);
}

static bool is_in_order(const struct graph_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (compare(&entries[i - 1], &entries[i]) > 0)
			return false;
	return true;
}

/* The last entry of a map has passed. Maps inside of a map are put in order in what is held; the
 * outermost one lets it go. */
static void end_map(struct graph_checksum *c, struct graph_frame *frame)
{
	struct graph_entry *entries = c->entries + frame->first;
	size_t count = c->count - frame->first;
	settle(c);
	if (is_stopped(c))
		return;
	for (size_t i = 0; i < count; i++)
		entries[i].key = text_string(&c->held) + entries[i].key_start;
	if (!is_in_order(entries, count))
		put_in_order(c, entries, count);
	c->count = frame->first;
	frame->map = 0;
	if (c->holder != c->depth)
		return;
	fingerprint64_add(&c->hash, text_string(&c->held), c->held.size);
	text_clear(&c->held);
	c->is_holding = false;
}

/* The tag of a map's entry has passed. */
static void begin_entry(struct graph_checksum *c)
{
	struct graph_frame *frame = top(c);
	settle(c);
	if (frame->map == 0) {
		frame->map = c->number;
		frame->first = c->count;
	}
	if (!c->is_holding) {
		c->is_holding = true;
		c->holder = c->depth;
	}
	if (c->count == GRAPH_CHECKSUM_ENTRIES) {
		stop(c, GRAPH_CHECKSUM_TOO_LARGE);
		return;
	}
	if (c->count == c->capacity) {
		c->capacity = c->capacity * 2 + 64;
		c->entries = memory_grow(c->entries, c->capacity, sizeof(*c->entries));
	}
	c->entries[c->count++] = (struct graph_entry){.start = c->held.size};
}

/* A value has passed, and with it perhaps the messages that it ends. */
static void end_value(struct graph_checksum *c)
{
	c->state = GRAPH_TAG;
	while (c->depth > 0 && c->position == top(c)->end && !is_stopped(c)) {
		struct graph_frame *frame = top(c);
		if (frame->map != 0)
			end_map(c, frame);
		settle(c);
		if (frame->is_entry)
			c->entries[c->count - 1].end = c->held.size;
		c->depth--;
	}
}

static void skip(struct graph_checksum *c, uint64_t size)
{
	c->state = GRAPH_SKIP;
	c->skip = size;
	if (size > top(c)->end - c->position)
		stop(c, GRAPH_CHECKSUM_BROKEN);
	else if (size == 0)
		end_value(c);
}

static struct graph_field field_of(const struct graph_frame *frame, uint64_t number)
{
	if (!frame->is_entry)
		return graph_schema_field(frame->message, number);
	return (struct graph_field){number == 2 ? frame->message : GRAPH_BYTES, false};
}

static void take_tag(struct graph_checksum *c, uint64_t tag)
{
	struct graph_frame *frame = top(c);
	c->number = tag >> 3;
	if (frame->map != 0 && frame->map != c->number)
		end_map(c, frame);
	c->field = field_of(frame, c->number);
	switch (tag & 7) {
	case 0:
		c->state = GRAPH_NUMBER;
		break;
	case 1:
		skip(c, 8);
		break;
	case 2:
		c->state = GRAPH_LENGTH;
		if (c->field.is_map)
			begin_entry(c);
		break;
	case 5:
		skip(c, 4);
		break;
	default:
		stop(c, GRAPH_CHECKSUM_BROKEN);
	}
}

static void take_length(struct graph_checksum *c, uint64_t size)
{
	struct graph_frame *frame = top(c);
	bool is_key = frame->is_entry && c->number == 1;
	if (size > frame->end - c->position) {
		stop(c, GRAPH_CHECKSUM_BROKEN);
	} else if (!c->field.is_map && c->field.message == GRAPH_BYTES) {
		if (is_key) {
			settle(c);
			c->entries[c->count - 1].key_start = c->held.size;
			c->entries[c->count - 1].key_size = (size_t)size;
		}
		skip(c, size);
	} else if (c->depth + 1 == GRAPH_CHECKSUM_DEPTH) {
		stop(c, GRAPH_CHECKSUM_TOO_LARGE);
	} else {
		c->depth++;
		*top(c) = (struct graph_frame){.message = c->field.message,
			.is_entry = c->field.is_map,
			.end = c->position + size};
		end_value(c);
	}
}

static void take_number(struct graph_checksum *c, uint64_t value)
{
	if (top(c)->is_entry && c->number == 1)
		c->entries[c->count - 1].number = value;
	end_value(c);
}

static void take_varint(struct graph_checksum *c, uint64_t value)
{
	if (c->state == GRAPH_TAG)
		take_tag(c, value);
	else if (c->state == GRAPH_LENGTH)
		take_length(c, value);
	else
		take_number(c, value);
}

static void take_byte(struct graph_checksum *c, uint8_t byte)
{
	c->at++;
	c->position++;
	if (c->shift > 63 || c->position > top(c)->end) {
		stop(c, GRAPH_CHECKSUM_BROKEN);
		return;
	}
	c->varint |= (uint64_t)(byte & 0x7f) << c->shift;
	c->shift += 7;
	if (byte >= 0x80)
		return;
	uint64_t value = c->varint;
	c->varint = 0;
	c->shift = 0;
	take_varint(c, value);
}

void graph_checksum_add(void *context, const uint8_t *bytes, size_t size)
{
	struct graph_checksum *c = context;
	const uint8_t *end = bytes + size;
	c->piece = c->at = bytes;
	while (c->at < end && !is_stopped(c)) {
		if (c->state != GRAPH_SKIP) {
			take_byte(c, *c->at);
			continue;
		}
		size_t left = (size_t)(end - c->at);
		size_t count = c->skip < left ? (size_t)c->skip : left;
		c->at += count;
		c->position += count;
		c->skip -= count;
		if (c->skip == 0)
			end_value(c);
	}
	if (!is_stopped(c))
		settle(c);
}

enum graph_checksum_end graph_checksum_finish(struct graph_checksum *checksum, uint64_t *value)
{
	bool is_inside = checksum->depth > 0 || checksum->state != GRAPH_TAG || checksum->shift > 0;
	enum graph_checksum_end end = checksum->end;
	if (end == GRAPH_CHECKSUM_WHOLE && is_inside)
		end = GRAPH_CHECKSUM_BROKEN;
	*value = fingerprint64_finish(&checksum->hash);
	text_release(&checksum->held);
	free(checksum->entries);
	*checksum = (struct graph_checksum){0};
	return end;
}
