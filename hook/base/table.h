/* table - columns for people: cells of any script in columns as wide as their widest cell.
 *
 * The one place that counts columns. Cells are escaped when they are added, so that nothing from a
 * server moves the cursor. Where the output is a terminal too narrow for the rows, the widest
 * columns shrink and their cells end in an ellipsis; in a pipe or a file nothing is cut. Owns its
 * cells.
 */
#ifndef MODELHOOK_BASE_TABLE_H
#define MODELHOOK_BASE_TABLE_H

#include "base/text.h"

enum { TABLE_COLUMNS_MAX = 8 };

struct table {
	size_t columns;
	char **cells; /* row by row */
	bool *bold;   /* of each cell */
	size_t count;
};

/* table_begin - with the titles of its columns as the first row */
void table_begin(struct table *table, const char *const *titles, size_t columns);
void table_release(struct table *table);

/* table_add - the next cell, row by row; NULL shows as "-" */
void table_add(struct table *table, const char *value);
void table_add_bold(struct table *table, const char *value);

/* table_append - the rows of another table of as many columns, which is released; {.columns} alone,
 * without titles, is such a one */
void table_append(struct table *table, struct table *rows);

/* table_print - all rows, a line each; room: the columns there are, 0 for any number */
void table_print(const struct table *table, size_t room, struct text *text);

/* table_width - the columns that a UTF-8 string takes on a terminal */
size_t table_width(const char *string);

/* table_add_cell - escape the value and fill it up to that width, two blanks behind it at least;
 * the value is never cut: for a line that is printed before the next one is known */
void table_add_cell(struct text *text, const char *value, size_t width);

#endif
