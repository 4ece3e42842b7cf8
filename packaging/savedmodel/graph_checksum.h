/* graph_checksum - the saved_model_checksum of fingerprint.pb, from the bytes of saved_model.pb.
 *
 * TensorFlow takes Fingerprint64 of the message as C++ writes it deterministically: the entries of
 * a map sorted by key. The file was written by Python, whose library sorts otherwise: numbers from
 * the highest down, and a string that another one begins with after that one. All other bytes are
 * the same, so the entries of each map are held back until all of them are there, put in order, and
 * hashed. (TensorFlow 2.21, producer 4, whose own function was asked about each part.)
 *
 * A parser that is pushed: it takes the bytes as they come and keeps its place. A graph with a map
 * beyond the limits, such as a node with a constant of megabytes, has no checksum here.
 *
 * Owns what it holds back until graph_checksum_finish.
 */
#ifndef MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_CHECKSUM_H
#define MODELHOOK_PACKAGING_SAVEDMODEL_GRAPH_CHECKSUM_H

#include "base/text.h"
#include "packaging/digest/fingerprint64.h"
#include "packaging/savedmodel/graph_schema.h"

#define GRAPH_CHECKSUM_HELD ((size_t)4 << 20) /* bytes of one map */
#define GRAPH_CHECKSUM_ENTRIES 65536u
#define GRAPH_CHECKSUM_DEPTH 100

/* graph_entry - an entry of a map, its length but not its tag: where in the bytes held back */
struct graph_entry {
	size_t start, end;
	size_t key_start, key_size; /* of a string */
	uint64_t number;	    /* of a number */
	const char *key;	    /* while sorting */
};

/* graph_frame - a message that the next byte is inside of */
struct graph_frame {
	enum graph_message message; /* of a map entry: what its value is */
	bool is_entry;
	uint64_t end; /* position behind it */
	uint64_t map; /* the field whose entries are coming, 0: none */
	size_t first; /* the first of them */
};

/* how it ended: with a checksum, in a message that is longer than what holds it or has a field of
 * no kind, or beyond a limit */
enum graph_checksum_end {
	GRAPH_CHECKSUM_WHOLE,
	GRAPH_CHECKSUM_BROKEN,
	GRAPH_CHECKSUM_TOO_LARGE,
};

struct graph_checksum {
	struct fingerprint64 hash;
	struct text held;
	bool is_holding;
	struct graph_frame frames[GRAPH_CHECKSUM_DEPTH];
	size_t depth;  /* of the innermost */
	size_t holder; /* depth of the frame whose map began the holding */
	struct graph_entry *entries;
	size_t count, capacity;
	enum { GRAPH_TAG, GRAPH_LENGTH, GRAPH_NUMBER, GRAPH_SKIP } state;
	uint64_t position; /* in the file */
	uint64_t varint;   /* so far */
	unsigned shift;
	uint64_t skip;	 /* bytes left to be passed over */
	uint64_t number; /* of the field at hand */
	struct graph_field field;
	const uint8_t *piece;	     /* bytes taken but not yet held or hashed: from here */
	const uint8_t *at;	     /* to here */
	enum graph_checksum_end end; /* so far */
};

void graph_checksum_begin(struct graph_checksum *checksum);

/* graph_checksum_add - the next bytes of the file; context is the struct graph_checksum */
void graph_checksum_add(void *context, const uint8_t *bytes, size_t size);

/* graph_checksum_finish - how it ended; *value is the checksum of a whole one. Releases what is
 * held. checksum->position is where it stopped, before the call. */
enum graph_checksum_end graph_checksum_finish(struct graph_checksum *checksum, uint64_t *value);

#endif
