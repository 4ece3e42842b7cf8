#include "packaging/savedmodel/fingerprint.h"

#include <inttypes.h>

#include "base/fail.h"
#include "packaging/savedmodel/protobuf.h"

#define EXPORT_AGAIN "export the model again, into an empty directory"

#define FINGERPRINT_SIZE_MAX 65536 /* a hundred bytes, as written */

static bool take_version(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	if (field->number == 1)
		return protobuf_number(stream, field, context);
	return protobuf_skip(stream, field);
}

static bool take_field(pb_istream_t *stream, const struct protobuf_field *field, void *context)
{
	struct fingerprint *fingerprint = context;
	uint64_t hash;
	fingerprint->fields |= field->number <= 7 ? 1u << field->number : 1;
	switch (field->number) {
	case 1:
		return protobuf_number(stream, field, &fingerprint->saved_model_checksum);
	case 2:
	case 3:
	case 4:
		return protobuf_number(stream, field, &hash);
	case 5:
		return protobuf_number(stream, field, &fingerprint->checkpoint_hash);
	case 6:
		return protobuf_message(stream, field, take_version, &fingerprint->producer);
	default:
		return protobuf_skip(stream, field);
	}
}

/* Cut between two fields it decodes all the same, but has not all of them. checkpoint_hash alone
 * may be missing: it is left out where it is 0. */
static const char *what_is_wrong(const struct fingerprint *fingerprint)
{
	const uint32_t version = 1u << 6, all = 0xde, any = 0xfe;
	if ((fingerprint->fields & version) == 0)
		return "it is cut short: it does not say its version";
	if (fingerprint->producer != FINGERPRINT_PRODUCER)
		return NULL;
	if ((fingerprint->fields & all) != all)
		return "it is cut short: fields that its version has are missing";
	if ((fingerprint->fields | any) != any)
		return "it has a field that its version does not have";
	return NULL;
}

int fingerprint_read(struct file_reader *reader, uint64_t size, const char *file,
	struct fingerprint *fingerprint, bool *found, struct findings *findings, struct fail *f)
{
	struct protobuf_source source = {.reader = reader, .f = f};
	pb_istream_t stream = protobuf_stream(&source, size);
	*fingerprint = (struct fingerprint){0};
	*found = false;
	if (size > FINGERPRINT_SIZE_MAX) {
		findings_add(
			findings, FINDING_DAMAGE, file, -1, NULL, "too long for a fingerprint");
		return 0;
	}
	bool whole = protobuf_each(&stream, take_field, fingerprint);
	if (source.failed)
		return -1;
	const char *wrong = whole ? what_is_wrong(fingerprint) : PB_GET_ERROR(&stream);
	*found = wrong == NULL;
	if (wrong != NULL)
		findings_add(findings, FINDING_DAMAGE, file, (int64_t)reader->offset, NULL, "%s%s",
			whole ? "" : "it does not decode: ", wrong);
	return 0;
}

void fingerprint_check(const struct fingerprint *fingerprint, const char *file,
	const uint64_t *index_hash, struct findings *findings)
{
	uint64_t said = fingerprint->checkpoint_hash;
	uint64_t is = index_hash != NULL ? *index_hash : 0;
	if (said == is)
		return;
	if (fingerprint->producer > FINGERPRINT_PRODUCER)
		findings_add(findings, FINDING_NOTE, file, -1, NULL,
			"a later version (%" PRIu64 ") than is known: it cannot be compared with "
			"variables.index",
			fingerprint->producer);
	else if (index_hash == NULL)
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL,
			"it names a checkpoint, but variables/variables.index is not there");
	else {
		findings_add(findings, FINDING_DAMAGE, file, -1, NULL,
			"its checkpoint_hash is %016" PRIx64 ", that of variables.index is "
			"%016" PRIx64 ": graph and weights are of two exports, or one was changed",
			said, is);
		findings_hint(findings, EXPORT_AGAIN);
	}
}

void fingerprint_check_graph(const struct fingerprint *fingerprint, const char *file,
	uint64_t checksum, struct findings *findings)
{
	uint64_t said = fingerprint->saved_model_checksum;
	if (fingerprint->producer != FINGERPRINT_PRODUCER || said == checksum)
		return;
	findings_add(findings, FINDING_DAMAGE, file, -1, NULL,
		"its checksum is %016" PRIx64 ", fingerprint.pb says %016" PRIx64
		": one of them was changed after the export",
		checksum, said);
	findings_hint(findings, EXPORT_AGAIN);
}
