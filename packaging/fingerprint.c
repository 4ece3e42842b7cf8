#include "packaging/fingerprint.h"

#include <inttypes.h>

#include "packaging/wire.h"

#define FINGERPRINT_SIZE_MAX 65536 /* a hundred bytes, as written */

static bool take_version(pb_istream_t *stream, const struct wire_field *field, void *context)
{
	if (field->number == 1)
		return wire_number(stream, field, context);
	return wire_skip(stream, field);
}

static bool take_field(pb_istream_t *stream, const struct wire_field *field, void *context)
{
	struct fingerprint *fingerprint = context;
	uint64_t hash;
	switch (field->number) {
	case 1:
	case 2:
	case 3:
	case 4:
		fingerprint->hashes++;
		return wire_number(stream, field, &hash);
	case 5:
		return wire_number(stream, field, &fingerprint->checkpoint_hash);
	case 6:
		return wire_message(stream, field, take_version, &fingerprint->producer);
	default:
		return wire_skip(stream, field);
	}
}

int fingerprint_read(struct reader *reader, uint64_t size, const char *file,
	struct fingerprint *fingerprint, bool *found, struct findings *findings, struct fail *f)
{
	struct wire_source source = {.reader = reader, .f = f};
	pb_istream_t stream = wire_stream(&source, size);
	*fingerprint = (struct fingerprint){0};
	*found = false;
	if (size > FINGERPRINT_SIZE_MAX) {
		findings_add(
			findings, FINDING_DAMAGE, file, -1, NULL, "too long for a fingerprint");
		return 0;
	}
	*found = wire_each(&stream, take_field, fingerprint);
	if (!*found && !source.failed)
		findings_add(findings, FINDING_DAMAGE, file, (int64_t)reader->offset, NULL,
			"it does not decode: %s", PB_GET_ERROR(&stream));
	return source.failed ? -1 : 0;
}

void fingerprint_check(const struct fingerprint *fingerprint, const char *file,
	const uint64_t *index_hash, struct findings *findings)
{
	uint64_t said = fingerprint->checkpoint_hash;
	uint64_t is = index_hash != NULL ? *index_hash : 0;
	if (said == is)
		return;
	if (fingerprint->producer > FINGERPRINT_PRODUCER_MAX)
		findings_add(findings, FINDING_NOTE, file, -1, NULL,
			"a later version (%" PRIu64 ") than is known: it cannot be compared with "
			"variables.index",
			fingerprint->producer);
	else if (index_hash == NULL)
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL,
			"it names a checkpoint, but variables/variables.index is not there");
	else
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL,
			"its checkpoint_hash is %016" PRIx64 ", that of variables.index is "
			"%016" PRIx64 ": graph and weights are of two exports, or one was changed",
			said, is);
}
