#include "upload/package_source.h"

#include "base/fail.h"
#include "packaging/package/manifest.h"
#include "packaging/package/package_read.h"

#define STEP ((size_t)256 << 10) /* between two looks at the rate */

void package_source_open(struct package_source *p, const char *package,
	const struct manifest *manifest, struct pace *pace)
{
	*p = (struct package_source){.package = package, .manifest = manifest, .pace = pace};
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

int package_source_read(
	struct package_source *p, void *buffer, size_t size, size_t *got, struct fail *f)
{
	if (package_stream_read(&p->stream, buffer, size < STEP ? size : STEP, got, f) != 0)
		return -1;
	return pace_keep(p->pace, *got, f);
}

void package_source_release(struct package_source *p)
{
	if (p->open)
		package_stream_release(&p->stream);
	p->open = false;
}
