#include "spool/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/console.h"
#include "base/fail.h"
#include "base/stop.h"
#include "base/text.h"
#include "packaging/package/package.h"

#define MAKE_TRIES 100

/* Who finishes a package removes the folder too, so that it may be gone at any moment before the
 * lock is had: then it is made again at once, as nobody is there to wait for. */
static int try_lock(struct spool *spool, const char *path, bool *taken, struct fail *f)
{
	*taken = false;
	for (int i = 0; i < MAKE_TRIES; i++) {
		if (file_make_private_directories(spool->folder, f) != 0)
			return fail_wrap(f, "spool");
		if (file_lock_take(path, &spool->lock, taken, f) == 0)
			return 0;
		if (f->os != ENOENT)
			return -1;
	}
	return 0;
}

static void say_waiting(const char *lock)
{
	char *holder = file_lock_holder(lock);
	console_say("waiting: another modelhook works on this package: %s holds %s", holder, lock);
	free(holder);
}

static int still_held(const char *lock, struct fail *f)
{
	char *holder = file_lock_holder(lock);
	fail_set(f, STATUS_LATER, "another modelhook still works on this package: %.120s", holder);
	free(holder);
	return fail_hint(f, "it holds %s", lock);
}

static int wait_for(struct spool *spool, const char *path, struct deadline deadline, struct fail *f)
{
	bool taken = false, told = false;
	while (!taken) {
		if (try_lock(spool, path, &taken, f) != 0)
			return -1;
		if (taken)
			break;
		if (!told)
			say_waiting(path);
		told = true;
		if (deadline_left(deadline) == 0)
			return still_held(path, f);
		if (stop_sleep(200, f) != 0)
			return -1;
	}
	return 0;
}

static int wait_for_lock(struct spool *spool, struct deadline deadline, struct fail *f)
{
	char *lock = text_format("%s.lock", spool->package);
	int result = wait_for(spool, lock, deadline, f);
	free(lock);
	return result;
}

int spool_lock(struct spool *spool, const char *package, struct deadline deadline, struct fail *f)
{
	*spool = (struct spool){.folder = file_folder(package), .package = text_copy(package)};
	if (wait_for_lock(spool, deadline, f) == 0)
		return 0;
	return f->os == EACCES || f->os == EROFS || f->os == ENOSPC ? 0 : -1;
}

int spool_open(struct spool *spool, const char *folder, const struct manifest *manifest,
	struct deadline deadline, struct fail *f)
{
	*spool = (struct spool){.folder = text_copy(folder), .name = package_name(manifest)};
	spool->package = file_join(folder, spool->name);
	spool->result = text_format("%s.result.json", spool->package);
	if (wait_for_lock(spool, deadline, f) != 0)
		return -1;
	file_remove_leftovers(spool->package);
	spool->waited = file_is_there(spool->package);
	return 0;
}

int spool_keep(struct spool *spool, const char *result_line, struct fail *f)
{
	char *line = text_format("%s\n", result_line);
	int result = file_store_private(spool->result, line, strlen(line), f);
	free(line);
	return result;
}

/* The result first: who dies in between leaves a package, which is then finished again. */
int spool_finish(struct spool *spool, struct fail *f)
{
	if (file_remove(spool->result, f) != 0 || file_remove(spool->package, f) != 0)
		return -1;
	file_lock_release(&spool->lock); /* its file is in the folder */
	if (!spool->keeps_folder)
		rmdir(spool->folder); /* only an empty one goes */
	return 0;
}

void spool_release(struct spool *spool)
{
	file_lock_release(&spool->lock);
	free(spool->folder);
	free(spool->name);
	free(spool->package);
	free(spool->result);
	*spool = (struct spool){0};
}
