/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd/service.h"

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "util/err.h"
#include "util/log.h"
#include "util/util.h"
#include "vm/vm.h"

static struct vm *vm;
static struct vm_config config;
static struct left before;
static struct sockaddr_un addr;
static char text[512];

static int set_up(void **state)
{
	(void)state;
	fake_kvm_reset();
	before = left_now();
	config = (struct vm_config){ .nr_cpus = 3,
				     .ram_size = 64 * MIB,
				     .pvtime = "auto" };
	assert_int_equal(vm_new(&config, &vm), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	vm_free(vm);
	assert_nothing_left(before);
	return 0;
}

/* A service manager's socket, of a name in no folder, or of a file. */
static int manager(bool abstract)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	size_t len;

	addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	len = (size_t)snprintf(addr.sun_path, sizeof(addr.sun_path),
			       "%s/tmp/test_service.%d", abstract ? "@" : "",
			       (int)getpid());
	setenv("NOTIFY_SOCKET", addr.sun_path, 1);
	if (abstract)
		addr.sun_path[0] = '\0';
	assert_int_equal(
		bind(fd, (const void *)&addr,
		     (socklen_t)(sizeof(addr.sun_family) + len + !abstract)),
		0);
	return fd;
}

static void hear(int fd)
{
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
}

static void manager_is_told_by_whatever_socket(void **state)
{
	(void)state;
	for (int abstract = 0; abstract < 2; abstract++) {
		int fd = manager(abstract);

		assert_int_equal(service_ready(vm, "web"), 0);
		hear(fd);
		assert_string_equal(text, "READY=1\nSTATUS=guest web: 3 vCPUs, "
					  "stolen time: steady\n");
		close(fd);
		if (!abstract)
			unlink(addr.sun_path);
	}
}

static void nobody_is_told_where_nobody_asked(void **state)
{
	(void)state;
	assert_int_equal(service_ready(vm, "web"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(service_ready(vm, "web"), 0);
}

static void what_is_no_socket_is_refused(void **state)
{
	char longer[200];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[0] = '/';
	longer[sizeof(longer) - 1] = '\0';
	for (int i = 0; i < 4; i++) {
		const char *bad[] = { "x", "/", "@", longer };

		setenv("NOTIFY_SOCKET", bad[i], 1);
		assert_int_equal(service_ready(vm, "web"), -EINVAL);
		assert_has_words(": no such socket");
	}
}

static void manager_that_has_gone_is_an_error(void **state)
{
	int fd = manager(true);

	(void)state;
	close(fd);
	assert_true(service_ready(vm, "web") < 0);
	assert_has_words("NOTIFY_SOCKET: ");
}

#define SERVICE_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVICE_TEST(manager_is_told_by_whatever_socket),
		SERVICE_TEST(nobody_is_told_where_nobody_asked),
		SERVICE_TEST(what_is_no_socket_is_refused),
		SERVICE_TEST(manager_that_has_gone_is_an_error),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
