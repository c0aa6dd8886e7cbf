/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every block that the program, or a library for it, gives back to the heap is looked through for
 * what is in the file that COUNTERSIGN_CANARIES names: per line a name and bytes in hexadecimal.
 * What is found is said on standard error. A sanitizer has a heap of its own. */

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#ifdef __SANITIZE_ADDRESS__

__attribute__((constructor)) static void
say_so(void)
{
	static const char text[] = "watched: not the heap\n";

	if (getenv("COUNTERSIGN_CANARIES") != NULL &&
	    write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
}

#else

#define MAX_CANARIES   512
#define MAX_NAME_BYTES 64
#define MAX_BYTES      256

typedef struct {
	char name[MAX_NAME_BYTES];
	unsigned char data[MAX_BYTES];
	size_t length;
} Canary;

static Canary canaries[MAX_CANARIES];
static size_t n_canaries;

void __libc_free(void *block);
void *__libc_realloc(void *block, size_t size);

static void
say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

static void
look_through(const void *block)
{
	size_t size = malloc_usable_size((void *)block);

	for (size_t i = 0; i < n_canaries; i++) {
		if (memmem(block, size, canaries[i].data, canaries[i].length) == NULL)
			continue;
		say("watched: freed with ");
		say(canaries[i].name);
		say("\n");
	}
}

void
free(void *block)
{
	if (block != NULL && n_canaries > 0)
		look_through(block);
	__libc_free(block);
}

/* Like free where the block may have to move. */
void *
realloc(void *block, size_t size)
{
	if (block != NULL && n_canaries > 0 && size > malloc_usable_size(block))
		look_through(block);
	return __libc_realloc(block, size);
}

static bool
read_canary(const char *line, Canary *canary)
{
	const char *hex = strchr(line, ' ');
	unsigned byte = 0;

	if (hex == NULL || (size_t)(hex - line) >= sizeof(canary->name))
		return false;
	memcpy(canary->name, line, (size_t)(hex - line));
	for (hex++; canary->length < MAX_BYTES && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		canary->data[canary->length++] = (unsigned char)byte;
	return canary->length > 0 && *hex == '\n';
}

__attribute__((constructor)) static void
read_canaries(void)
{
	const char *path = getenv("COUNTERSIGN_CANARIES");
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	static char buffer[BUFSIZ]; /* not the heap's: it would be found there */
	static char line[MAX_NAME_BYTES + 2 * MAX_BYTES + 2];
	size_t count = 0;

	if (path == NULL || file == NULL || setvbuf(file, buffer, _IOFBF, sizeof(buffer)) != 0)
		return;
	while (count < MAX_CANARIES && fgets(line, sizeof(line), file) != NULL) {
		if (!read_canary(line, &canaries[count++]))
			abort();
	}
	if (fclose(file) != 0)
		abort();
	n_canaries = count;
}

#endif
