/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	tunnel_fuzz(&proto_http, data, size);
	return 0;
}
