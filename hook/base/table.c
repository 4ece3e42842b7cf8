#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/escape.h"
#include "base/memory.h"
#include "base/panic.h"
#include "base/width.h"

enum {
	GAP = 2,   /* blanks between two columns */
	LEAST = 6, /* no column shrinks below */
};

#define ELLIPSIS "\xe2\x80\xa6"

/* One character of valid UTF-8; *size is its bytes. */
static uint32_t decode(const char *at, size_t *size)
{
	const unsigned char *byte = (const unsigned char *)at;
	*size = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
	uint32_t character = *size == 1 ? byte[0] : byte[0] & (0x7fU >> *size);
	for (size_t i = 1; i < *size; i++)
		character = character << 6 | (byte[i] & 0x3f);
	return character;
}

/* The bytes of the longest beginning that takes at most `room` columns, which *width tells. An
 * emoji selector (U+FE0F) shows what is before it as wide as an emoji. */
static size_t fitting(const char *string, size_t room, size_t *width)
{
	size_t used = 0, size, last = 0;
	*width = 0;
	for (; string[used] != '\0'; used += size) {
		uint32_t character = decode(string + used, &size);
		bool grows = character == 0xfe0f && last == 1;
		size_t own = grows ? 1 : width_of(character);
		if (*width + own > room)
			break;
		*width += own;
		last = grows ? 2 : own > 0 ? own : last;
	}
	return used;
}

size_t table_width(const char *string)
{
	size_t width;
	(void)fitting(string, SIZE_MAX, &width);
	return width;
}

void table_begin(struct table *table, const char *const *titles, size_t columns)
{
	INVARIANT(columns > 0 && columns <= TABLE_COLUMNS_MAX);
	*table = (struct table){.columns = columns};
	for (size_t i = 0; i < columns; i++)
		table_add(table, titles[i]);
}

void table_release(struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->bold);
	*table = (struct table){0};
}

/* The cell is taken over. */
static void add_owned(struct table *table, char *cell, bool bold)
{
	table->cells = memory_grow(table->cells, table->count + 1, sizeof(*table->cells));
	table->bold = memory_grow(table->bold, table->count + 1, sizeof(*table->bold));
	table->bold[table->count] = bold;
	table->cells[table->count++] = cell;
}

static void add(struct table *table, const char *value, bool bold)
{
	struct text text = {0};
	if (value == NULL)
		value = "-";
	escape_add(&text, value, strlen(value));
	add_owned(table, text_take(&text), bold);
}

void table_add(struct table *table, const char *value)
{
	add(table, value, false);
}

void table_add_bold(struct table *table, const char *value)
{
	add(table, value, true);
}

void table_append(struct table *table, struct table *rows)
{
	INVARIANT(table->columns == rows->columns);
	for (size_t i = 0; i < rows->count; i++)
		add_owned(table, rows->cells[i], rows->bold[i]);
	rows->count = 0;
	table_release(rows);
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
	memset(widths, 0, TABLE_COLUMNS_MAX * sizeof(*widths));
	for (size_t i = 0; i < table->count; i++) {
		size_t width = table_width(table->cells[i]), *widest = &widths[i % table->columns];
		if (width > *widest)
			*widest = width;
	}
}

/* A column at a time the widest one gives way, so that short columns stay whole. */
static void shrink(size_t widths[TABLE_COLUMNS_MAX], size_t columns, size_t room)
{
	for (;;) {
		size_t total = GAP * (columns - 1), widest = 0;
		for (size_t i = 0; i < columns; i++) {
			total += widths[i];
			if (widths[i] > widths[widest])
				widest = i;
		}
		if (total <= room || widths[widest] <= LEAST)
			return;
		widths[widest]--;
	}
}

static void add_cell(struct text *text, const char *cell, size_t width, bool bold)
{
	size_t shown = table_width(cell), size = strlen(cell);
	bool cut = shown > width;
	if (cut)
		size = fitting(cell, width - 1, &shown);
	text_add_string(text, bold ? console_bold() : "");
	text_add(text, cell, size);
	text_add_string(text, cut ? ELLIPSIS : "");
	text_add_string(text, bold ? console_plain() : "");
	text_printf(text, "%*s", (int)(width - shown - cut), "");
}

/* Nothing stands behind the last cell. */
static void trim(struct text *text)
{
	while (text->size > 0 && text->data[text->size - 1] == ' ')
		text->data[--text->size] = '\0';
}

void table_print(const struct table *table, size_t room, struct text *text)
{
	size_t widths[TABLE_COLUMNS_MAX];
	measure(table, widths);
	if (room > 0)
		shrink(widths, table->columns, room);
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;
		bool last = column + 1 == table->columns;
		add_cell(text, table->cells[i], widths[column], table->bold[i]);
		text_printf(text, "%*s", last ? 0 : GAP, "");
		if (!last)
			continue;
		trim(text);
		text_add_string(text, "\n");
	}
}

void table_add_cell(struct text *text, const char *value, size_t width)
{
	struct text shown = {0};
	escape_add(&shown, value, strlen(value));
	size_t used = table_width(text_string(&shown));
	text_add_string(text, text_string(&shown));
	text_printf(text, "%*s", (int)(used < width ? width - used : 0) + GAP, "");
	text_release(&shown);
}
