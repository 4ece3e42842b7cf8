#include "base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/escape.h"

enum {
	LENGTH_MAX = 64, /* longer words are not compared */
	EDITS_MAX = 2,	 /* more are another word, such as a model of the same family */
};

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: edits, and swaps of neighbours, to come from a to b. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t rows[3][LENGTH_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= b_size; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				now[j] = least(now[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = last;
		last = now;
		now = oldest;
	}
	return last[b_size];
}

struct suggestion suggest_for(const char *given)
{
	return (struct suggestion){.given = given};
}

void suggest_offer(struct suggestion *suggestion, const char *word)
{
	size_t given = strlen(suggestion->given), size = strlen(word);
	if (given > LENGTH_MAX || size > LENGTH_MAX || strcmp(suggestion->given, word) == 0)
		return;
	size_t apart = distance(suggestion->given, given, word, size);
	if (apart > least((given + 2) / 3, EDITS_MAX) || apart >= size)
		return;
	if (suggestion->best != NULL && apart >= suggestion->distance)
		return;
	suggestion->best = word;
	suggestion->distance = apart;
}

int suggest_hint(const struct suggestion *suggestion, struct fail *f)
{
	char shown[LENGTH_MAX * 4 + 1];
	if (suggestion->best == NULL)
		return -1;
	return fail_hint(f, "did you mean %s?",
		escape_into(shown, sizeof(shown), suggestion->best, strlen(suggestion->best)));
}
