/* stream - the three standard descriptors: always open, and never written to for longer than asked.
 *
 * A reader that never reads fills its pipe; a plain write would then wait for it for ever, beyond
 * every deadline. The descriptors are shared with other processes, so they are not made
 * non-blocking: a pipe is opened a second time, a socket is asked for each call, and everything
 * else is written to in pieces that fit once it says that it is ready.
 */
#ifndef MODELHOOK_BASE_STREAM_H
#define MODELHOOK_BASE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* stream_open - before any other file is opened: a standard descriptor that is closed is opened on
 * /dev/null, or the next file would get its number, and the messages with it */
void stream_open(void);

/* stream_write - all bytes to descriptor 1 or 2, waiting for a reader for at most wait_ms. False
 * where they were not taken: errno is EAGAIN where it was the wait that ended, which a stop that
 * was asked for ends too (base/signals.h). */
bool stream_write(int fd, const void *bytes, size_t size, int64_t wait_ms);

/* stream_wait_for_line - until stdin has a line; false: a stop was asked for, or the time is over
 */
bool stream_wait_for_line(int64_t wait_ms);

#endif
