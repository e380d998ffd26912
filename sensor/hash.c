/* SPDX-License-Identifier: BSD-2-Clause */
#include "hash.h"

#include <sys/random.h>

int
hash_key_init(struct hash_key *key)
{
	if (getrandom(key->k, sizeof(key->k), 0) != sizeof(key->k))
		return -1;
	for (unsigned i = 0; i < 4; i++)
		key->k[i] |= 1; /* an even or zero factor would lose bits */
	return 0;
}
