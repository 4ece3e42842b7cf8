#include "upload/package_source.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/panic.h"
#include "base/stop.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_read.h"

#define STEP ((size_t)256 << 10) /* between two looks at the rate */

void package_source_open(struct package_source *p, const char *package,
	const struct manifest *manifest, int64_t rate)
{
	*p = (struct package_source){
		.package = package,
		.manifest = manifest,
		.rate = rate,
		.started = clock_monotonic_ms(),
	};
}

int package_source_rewind(struct package_source *p, struct fail *f)
{
	if (p->open)
		package_stream_release(&p->stream);
	p->open = package_open_file(p->package, p->manifest, p->index, &p->stream, f) == 0;
	return p->open ? 0 : -1;
}

int package_source_go_to(struct package_source *p, size_t index, struct fail *f)
{
	bool later = p->open && index > p->index;
	p->index = index;
	return later ? package_stream_next(&p->stream, p->manifest, index, f)
		     : package_source_rewind(p, f);
}

/* Wait until as much may have been read as was. */
static int keep_pace(struct package_source *p, struct fail *f)
{
	if (p->rate <= 0)
		return 0;
	double due = (double)p->bytes * 1000.0 / (double)p->rate;
	int64_t left = p->started + (int64_t)due - clock_monotonic_ms();
	return left > 0 ? stop_sleep(left, f) : 0;
}

int package_source_read(
	struct package_source *p, void *buffer, size_t size, size_t *got, struct fail *f)
{
	if (package_stream_read(&p->stream, buffer, size < STEP ? size : STEP, got, f) != 0)
		return -1;
	p->bytes += *got;
	return keep_pace(p, f);
}

int package_source_fill(
	struct package_source *p, void *buffer, size_t size, bool last, struct fail *f)
{
	char end;
	size_t got = 0;
	for (size_t at = 0; at < size; at += got) {
		if (package_source_read(p, (char *)buffer + at, size - at, &got, f) != 0)
			return -1;
		INVARIANT(got > 0); /* the reader refuses an entry that is too short */
	}
	if (last && package_source_read(p, &end, sizeof(end), &got, f) != 0)
		return -1;
	return 0;
}

void package_source_release(struct package_source *p)
{
	if (p->open)
		package_stream_release(&p->stream);
	p->open = false;
}
