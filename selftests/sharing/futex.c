// SPDX-License-Identifier: GPL-2.0
/*
 * Futexes in the mapping, waited on and woken from different processes through
 * mappings at different addresses, while their page is evicted.
 */
#define _GNU_SOURCE
#include "vmdev_test.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#define ROUNDS	1500

static long futex(uint32_t *word, int op, uint32_t value, int timeout_ms)
{
	struct timespec ts = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };

	return syscall(SYS_futex, word, op, value, timeout_ms ? &ts : NULL, NULL, 0);
}

/* Wait until *word is no longer the given value; a lost wake-up is an error. */
static bool wait_change(uint32_t *word, uint32_t value)
{
	while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value) {
		long ret = futex(word, FUTEX_WAIT, value, 20000);

		vt_check(!ret || errno == EAGAIN || errno == EINTR, "FUTEX_WAIT at value %u: %s%s",
			 value, strerror(errno),
			 __atomic_load_n(word, __ATOMIC_SEQ_CST) == value ?
			 "" : " (the value has changed: a wake-up was lost)");
	}
	return true;
}

static bool set_and_wake(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
	vt_check(futex(word, FUTEX_WAKE, 1, 0) >= 0, "FUTEX_WAKE: %s", strerror(errno));
	return true;
}

/* Ping and pong lie in two pages; one side answers what the other sends. */
struct ball {
	uint32_t ping __attribute__((aligned(4096)));
	uint32_t pong __attribute__((aligned(4096)));
};

static bool answer(void *arg)
{
	struct vt_space *s = arg;
	/* Its own mapping, made after the fork: another address. */
	struct ball *ball = (struct ball *)vt_map(s->fd, s->length, 0);

	vt_check((char *)ball != s->mem, "both mappings are at the same address");
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		vt_check(wait_change(&ball->ping, i - 1), "ping %u", i);
		vt_check(ball->ping == i, "ping: expected %u, found %u", i, ball->ping);
		vt_check(set_and_wake(&ball->pong, i), "pong %u", i);
	}
	return true;
}

static bool ping_pong(void)
{
	struct vt_space s = vt_space_new(sizeof(struct ball));
	struct ball *ball = (struct ball *)s.mem;
	struct vt_evictor ev;
	pid_t pid;

	pid = vt_fork();
	if (!pid)
		_exit(answer(&s) ? KSFT_PASS : KSFT_FAIL);
	vt_evictor_start(&ev, s.fd, 0, s.length);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		vt_check(set_and_wake(&ball->ping, i), "ping %u", i);
		vt_check(wait_change(&ball->pong, i - 1), "pong %u", i);
		vt_check(ball->pong == i, "pong: expected %u, found %u", i, ball->pong);
	}
	vt_check(vt_wait_ok(pid), "the other side");
	vt_check(vt_evictor_stop(&ev), "the evictor");
	vt_space_free(&s);
	return true;
}

static bool sleeper(void *arg)
{
	uint32_t *word = arg;

	return wait_change(word, 0);
}

/*
 * A waiter sleeps on a page that goes away and comes back in another frame: the
 * wake-up must still find it.
 */
static bool asleep_while_evicted(void)
{
	const size_t page = vt_page_size();
	struct vt_space s = vt_space_new(page);
	struct vt_space other;
	uint32_t *word = (uint32_t *)s.mem;
	uint32_t before, after;
	pid_t pid;

	vt_set_pool_frames(64);
	*word = 0;
	word[1] = 0x76543210;		/* or it would be a page of zeroes */
	before = vt_page_state(s.fd, 0).frame;
	pid = vt_fork();
	if (!pid)
		_exit(sleeper(word) ? KSFT_PASS : KSFT_FAIL);
	vt_sleep_ms(300);		/* it sleeps by now; if not, it still must end */
	vt_check(vt_evict_all(&s), "not evicted under a sleeper");
	other = vt_space_new(200 * page);
	fill_range(other.mem, 200, 1, 0);
	vt_check(*word == 0 && word[1] == 0x76543210, "word: found %u %#x", *word, word[1]);
	after = vt_page_state(s.fd, 0).frame;
	vt_msg("from frame %u to frame %u", before, after);
	vt_check(set_and_wake(word, 1), "wake");
	vt_check(vt_wait_ok(pid), "the sleeper");
	vt_space_free(&other);
	vt_space_free(&s);
	return true;
}

/* The same offset of another space is another futex. */
static bool not_the_other_space(void)
{
	struct vt_space a = vt_space_new(vt_page_size());
	struct vt_space b = vt_space_new(vt_page_size());
	uint32_t *word = (uint32_t *)a.mem;
	long woken = 0;
	pid_t pid = vt_fork();

	if (!pid)
		_exit(sleeper(word) ? KSFT_PASS : KSFT_FAIL);
	for (int i = 0; i < 30; i++) {
		vt_sleep_ms(10);
		*(uint32_t *)b.mem = i;
		woken += futex((uint32_t *)b.mem, FUTEX_WAKE, 1, 0);
	}
	vt_check(!woken, "waking on one space woke %ld waiters of another", woken);
	vt_check(set_and_wake(word, 1), "wake");
	vt_check(vt_wait_ok(pid), "the sleeper");
	vt_space_free(&a);
	vt_space_free(&b);
	return true;
}

static const struct vt_test tests[] = {
	{ "ping-pong between two processes", ping_pong },
	{ "a sleeper whose page moves", asleep_while_evicted },
	{ "two spaces, two futexes", not_the_other_space },
};

int main(void)
{
	return vt_run(tests, ARRAY_SIZE(tests));
}
