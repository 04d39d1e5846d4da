/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_json.c - any text is gone through to its end or to its first mistake;
 * and a string that was written is read as what it was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/json.h"

/* Each value by the function for its kind, so that all of them are met. */
static void go_through(struct json *j, uint64_t *sum)
{
	char text[16];

	while (*j->at == ' ')
		j->at++;
	switch (*j->at) {
	case '{':
		json_object(j);
		while (json_key(j, text, sizeof(text))) {
			*sum += strlen(text);
			go_through(j, sum);
		}
		break;
	case '[':
		json_array(j);
		while (json_element(j))
			go_through(j, sum);
		break;
	case '"':
		*sum += json_text(j, text, sizeof(text)) + strlen(text);
		break;
	case '1':
		*sum += json_u64(j);
		break;
	default:
		json_skip(j);
	}
	if (j->depth > JSON_DEPTH_MAX)
		abort();
}

/* Where no byte needs more than one letter, nothing changes on the way. */
static void write_and_read(const char *text)
{
	char *json = NULL, *back = malloc(strlen(text) + 1);
	size_t size = 0;
	struct json j;
	FILE *out = open_memstream(&json, &size);

	json_string(out, text);
	fclose(out);
	json_begin(&j, json);
	if (json_text(&j, back, strlen(text) + 1) != strlen(text) ||
	    strcmp(back, text) != 0 || !json_end(&j))
		abort();
	free(back);
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct json asked, skipped;
	uint64_t sum = 0;

	memcpy(text, data, size);
	text[size] = '\0';
	json_begin(&asked, text);
	go_through(&asked, &sum);
	json_begin(&skipped, text);
	json_skip(&skipped);
	/* What is understood when asked for can be skipped, too. */
	if (json_end(&asked) && !json_end(&skipped))
		abort();
	for (size_t i = 0; i < size; i++)
		text[i] &= 0x7f;
	write_and_read(text);
	free(text);
	return 0;
}
