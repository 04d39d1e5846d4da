/* SPDX-License-Identifier: BSD-2-Clause */
#include "ctl/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/err.h"

void agent_init(struct agent *a)
{
	a->len = 0;
}

/* @text behind "@word " or "@word"; NULL: it begins otherwise. */
static char *behind(char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) != 0)
		return NULL;
	if (text[len] == '\0')
		return text + len;
	return text[len] == ' ' ? text + len + 1 : NULL;
}

static void hello(char *text, struct agent_line *ret)
{
	char number[16], *release;

	snprintf(number, sizeof(number), "%d", AGENT_PROTOCOL);
	release = behind(text, number);
	ret->word = release ? AGENT_HELLO : AGENT_OTHER;
	ret->text = release ? release : text;
}

static void parse(char *line, struct agent_line *ret)
{
	static const struct {
		const char *word;
		enum agent_word what;
	} words[] = { { "+", AGENT_DATA },
		      { "ok", AGENT_OK },
		      { "bad", AGENT_BAD } };
	char *text = behind(line, "hello");
	unsigned long number;

	*ret = (struct agent_line){ .word = AGENT_NOISE, .text = line };
	if (text) {
		hello(text, ret);
		return;
	}
	if (*line < '0' || *line > '9')
		return;
	errno = 0;
	number = strtoul(line, &line, 10);
	if (errno || number > 0xffffffff || *line++ != ' ')
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		text = behind(line, words[i].word);
		if (!text)
			continue;
		ret->word = words[i].what;
		ret->number = (unsigned)number;
		ret->text = text;
	}
}

bool agent_feed(struct agent *a, char byte, struct agent_line *ret)
{
	if (byte == '\n') {
		a->line[a->len] = '\0';
		a->len = 0;
		parse(a->line, ret);
		return true;
	}
	if (byte >= ' ' && byte < 0x7f && a->len < sizeof(a->line) - 1)
		a->line[a->len++] = byte;
	return false;
}

int agent_request(char buf[static AGENT_ASK_MAX], unsigned number,
		  const char *words)
{
	int len = snprintf(buf, AGENT_ASK_MAX, "%u %s\n", number, words);

	if (len >= AGENT_ASK_MAX)
		return err_say(E2BIG, "%zu characters are too many; at most %d",
			       strlen(words), AGENT_ASK_MAX - 16);
	for (const char *c = words; *c; c++)
		if (*c < ' ' || *c > '~')
			return err_say(EINVAL,
				       "character 0x%02x; write ASCII "
				       "in one line",
				       (unsigned char)*c);
	return len;
}

void agent_expect(struct agent_answer *answer, unsigned number)
{
	answer->number = number;
	answer->done = answer->ok = false;
	answer->text[0] = '\0';
	answer->size = 0;
	if (answer->data)
		answer->data[0] = '\0';
}

static int add_data(struct agent_answer *answer, const char *text)
{
	size_t len = strlen(text), need = answer->size + len + 2;

	if (need > AGENT_DATA_MAX)
		return err_say(E2BIG,
			       "the guest answers with more than %d "
			       "bytes",
			       AGENT_DATA_MAX);
	if (need > answer->room) {
		size_t room = 2 * need;
		char *data = realloc(answer->data, room);

		if (!data)
			return err_set(ENOMEM, "an answer of the guest");
		answer->data = data;
		answer->room = room;
	}
	memcpy(answer->data + answer->size, text, len);
	answer->size += len + 1;
	answer->data[answer->size - 1] = '\n';
	answer->data[answer->size] = '\0';
	return 0;
}

int agent_answer(struct agent_answer *answer, const struct agent_line *line)
{
	if (line->number != answer->number ||
	    (answer->done && line->word != AGENT_BAD))
		return 0;
	switch (line->word) {
	case AGENT_DATA:
		return add_data(answer, line->text);
	case AGENT_OK:
	case AGENT_BAD:
		answer->done = true;
		answer->ok = line->word == AGENT_OK;
		snprintf(answer->text, sizeof(answer->text), "%s",
			 answer->ok || *line->text ? line->text
						   : "it does not say why");
		return 0;
	default:
		return 0;
	}
}

void agent_forget(struct agent_answer *answer)
{
	free(answer->data);
	*answer = (struct agent_answer){ 0 };
}
