#include "base/temp_dir.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/console.h"
#include "base/env.h"
#include "base/file.h"

int temp_dir_open(char **path, struct fail *f)
{
	const char *folder = env_get(ENV_TMPDIR);
	*path = file_join(folder != NULL ? folder : "/tmp", "modelhook-XXXXXX");
	if (mkdtemp(*path) != NULL)
		return 0;
	fail_errno(f, fail_output_status(errno), "temporary folder %s", *path);
	free(*path);
	*path = NULL;
	return fail_hint(f, "TMPDIR names another place");
}

/* Before its entries are looked at: what ran there may have closed a folder. */
static int open_folder(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	(void)about;
	(void)at;
	return kind == FTW_D || kind == FTW_DNR ? (void)chmod(path, 0700), 0 : 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
	(void)about;
	(void)kind;
	(void)at;
	if (remove(path) != 0 && errno != ENOENT)
		console_warn("%s stays: %s", path, strerror(errno));
	return 0;
}

void temp_dir_release(char *path)
{
	if (path == NULL)
		return;
	nftw(path, open_folder, 16, FTW_PHYS);
	nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	free(path);
}
