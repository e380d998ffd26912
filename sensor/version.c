/* SPDX-License-Identifier: BSD-2-Clause */
#include "version.h"

#include <confuse.h>
#include <idn2.h>
#include <json-c/json_c_version.h>
#include <libpsl.h>
#include <pcap/pcap.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include "ndpi_shim.h"

void
version_print(FILE *out)
{
	unsigned xxh = XXH_versionNumber();

	fprintf(out, "relaywatch %s\n", RELAYWATCH_VERSION);
	fprintf(out, "%s\n", pcap_lib_version());
	fprintf(out, "nDPI %s\n", ndpi_revision());
	fprintf(out, "json-c %s\n", json_c_version());
	fprintf(out, "libConfuse %s\n", confuse_version);
	fprintf(out, "xxHash %u.%u.%u\n", xxh / 10000, xxh / 100 % 100, xxh % 100);
	fprintf(out, "libidn2 %s\n", idn2_check_version(NULL));
	fprintf(out, "libpsl %s\n", psl_get_version());
	fprintf(out, "zlib %s\n", zlibVersion());
	fprintf(out, "zstd %s\n", ZSTD_versionString());
}
