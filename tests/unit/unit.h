/* unit - what the unit tests share: cmocka with its headers, a folder to write in, a child to die
 * in.
 */
#ifndef MODELHOOK_TESTS_UNIT_H
#define MODELHOOK_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Which row of a table is tried: printed where it fails, since cmocka knows only the line. */
#define assert_row(condition, row)                                                                 \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s: %s", row, #condition);                                       \
	} while (0)

#define assert_contains(whole, part)                                                               \
	do {                                                                                       \
		if (strstr(whole, part) == NULL)                                                   \
			fail_msg("\"%s\" is not in \"%s\"", part, whole);                          \
	} while (0)

#define assert_lacks(whole, part)                                                                  \
	do {                                                                                       \
		if (strstr(whole, part) != NULL)                                                   \
			fail_msg("\"%s\" is in \"%s\"", part, whole);                              \
	} while (0)

/* The call failed, with that status and that text somewhere in its message. */
#define assert_failure(result, f, wanted, part)                                                    \
	do {                                                                                       \
		assert_int_equal(result, -1);                                                      \
		assert_int_equal((f).status, wanted);                                              \
		assert_contains((f).text, part);                                                   \
	} while (0)

static inline int unit_remove_entry(
	const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s;
	(void)type;
	(void)where;
	return remove(path);
}

/* A new folder that others may enter; unit_folder_remove removes it with all that is in it. */
static inline char *unit_folder(void)
{
	char *path = strdup("/tmp/modelhook-unit-XXXXXX");
	if (path == NULL || mkdtemp(path) == NULL || chmod(path, 0755) != 0)
		abort();
	return path;
}

static inline void unit_folder_remove(char *path)
{
	nftw(path, unit_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

/* folder/name, valid for the next fifteen calls */
static inline const char *unit_path(const char *folder, const char *name)
{
	static char *paths[16];
	static unsigned turn;
	char *path;
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		abort();
	free(paths[turn % COUNT(paths)]);
	paths[turn++ % COUNT(paths)] = path;
	return path;
}

static inline void unit_write(const char *path, const char *content)
{
	FILE *file = fopen(path, "w");
	if (file == NULL || fputs(content, file) < 0 || fclose(file) != 0)
		abort();
}

/* The start of a file as a string, in a buffer of the caller. */
static inline const char *unit_read(const char *path, char *buffer, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t count = file != NULL ? fread(buffer, 1, size - 1, file) : 0;
	if (file != NULL)
		fclose(file);
	buffer[count] = '\0';
	return buffer;
}

/* How a child ended that ran the function and left with what it returned; its stdout and stderr go
 * to the files out and err, where those are not NULL. */
static inline int unit_child(
	int (*function)(void *), void *argument, const char *out, const char *err)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		if (out != NULL && freopen(out, "w", stdout) == NULL)
			_exit(126);
		if (err != NULL && freopen(err, "w", stderr) == NULL)
			_exit(126);
		setvbuf(stderr, NULL, _IONBF, 0);
		int result = function(argument);
		fflush(NULL);
		_exit(result);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		abort();
	return status;
}

#endif
