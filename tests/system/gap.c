// SPDX-License-Identifier: BSD-2-Clause
/*
 * gap SECONDS - runs in a guest: looks at CLOCK_MONOTONIC again and again for
 * SECONDS, not counting the longest time that passed between two looks, and says
 * how long that was and by how much /proc/stat's steal grew:
 *
 *	gap 5000123 us, steal 500 ticks
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t steal_ticks(void)
{
	FILE *f = fopen("/proc/stat", "re");
	uint64_t v[8] = { 0 };

	if (f &&
	    fscanf(f,
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		   &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
		v[7] = 0;
	if (f)
		fclose(f);
	return v[7];
}

int main(int argc, char **argv)
{
	uint64_t limit = 1000000000, began, last, gap = 0, stolen;

	if (argc > 1)
		limit *= strtoull(argv[1], NULL, 10);
	stolen = steal_ticks();
	printf("gap: looking\n");
	fflush(stdout);
	began = last = now_ns();
	while (last - began < limit + gap) {
		uint64_t now = now_ns();

		gap = now - last > gap ? now - last : gap;
		last = now;
	}
	printf("gap %" PRIu64 " us, steal %" PRIu64 " ticks\n", gap / 1000,
	       steal_ticks() - stolen);
	return 0;
}
