/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/signature-algorithm.h"

#include "core/base/encoding.h"

#define SHA256_RSA "06092a864886f70d01010b"
#define PSS	   "06092a864886f70d01010a"
#define SHA256	   "0609608648016503040201"

static const CsSignatureMethod *
find(const char *hex)
{
	g_autoptr(GBytes) bytes = cs_hex_decode(hex, NULL);
	CsDer der = {0};
	der.data = g_bytes_get_data(bytes, &der.length);
	return cs_signature_method_find(der);
}

/* rule 5: not signed with SHA-1, nor with what is weaker or unknown */
static void
test_known(void)
{
	static const struct {
		const char *hex;
		const char *name; /* NULL: unknown */
		gboolean weak;
	} cases[] = {
		{"300d" SHA256_RSA "0500", "RSA with SHA-256", FALSE},
		{"300b" SHA256_RSA, "RSA with SHA-256", FALSE},
		{"300d06092a864886f70d01010d0500", "RSA with SHA-512", FALSE},
		{"300a06082a8648ce3d040302", "ECDSA with SHA-256", FALSE},
		{"300506032b6570", "Ed25519", FALSE},
		{"300d06092a864886f70d0101050500", "RSA with SHA-1", TRUE},
		{"300906052b0e03021d0500", "RSA with SHA-1", TRUE},
		{"300906072a8648ce3d0401", "ECDSA with SHA-1", TRUE},
		{"300906072a8648ce380403", "DSA with SHA-1", TRUE},
		{"300d06092a864886f70d0101040500", "RSA with MD5", TRUE},
		{"300d06092a864886f70d0101020500", "RSA with MD2", TRUE},
		{"300a06082a8648ce3d040301", "ECDSA with SHA-224", FALSE},
		{"300b0609608648016503040302", "DSA with SHA-256", FALSE},
		{"300b060960864801650304030a", "ECDSA with SHA3-256", FALSE},
		/* RSASSA-PSS: without a digest it is SHA-1. */
		{"300d" PSS "3000", "RSA-PSS with SHA-1", TRUE},
		{"3012" PSS "3005a203020120", "RSA-PSS with SHA-1", TRUE},
		{"301c" PSS "300fa00d300b" SHA256, "RSA-PSS with SHA-256", FALSE},
		{"301e" PSS "3011a00f300d" SHA256 "0500", "RSA-PSS with SHA-256", FALSE},
		{"3018" PSS "300ba009300706052b0e03021a", "RSA-PSS with SHA-1", TRUE},
		{"300b" PSS, NULL, FALSE}, /* without parameters */
		{"300d" PSS "0500", NULL, FALSE},
		{"3019" PSS "300ca00a300806062b0e03021a01", NULL, FALSE}, /* some digest */
		{"301e" PSS "3011a00f300d" SHA256 "0501", NULL, FALSE},
		/* Parameters that must not be. */
		{"300c06082a8648ce3d0403020500", NULL, FALSE},
		{"300706032b65700500", NULL, FALSE},
		{"300d" SHA256_RSA "3000", NULL, FALSE},
		{"300f" SHA256_RSA "05000500", NULL, FALSE},
		/* Unknown, malformed. */
		{"300506032b6571", "Ed448", FALSE},
		{"300506032b6572", NULL, FALSE},
		{"3000", NULL, FALSE},
		{"", NULL, FALSE},
		{"0500", NULL, FALSE},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const CsSignatureMethod *method = find(cases[i].hex);
		g_test_message("%s", cases[i].hex);
		g_assert_cmpstr(method != NULL ? method->name : NULL, ==, cases[i].name);
		if (method != NULL)
			g_assert_cmpint(method->weak, ==, cases[i].weak);
	}
}

/* What is weak goes the long way: never by the short one, whose digests are all good. */
static void
test_weak_is_not_direct(void)
{
	const CsSignatureMethod *direct = find("300a06082a8648ce3d040304");
	const CsSignatureMethod *weak = find("300d06092a864886f70d0101050500");

	g_assert_cmpstr(direct->key_type, ==, "EC");
	g_assert_cmpstr(direct->digest, ==, "SHA512");
	g_assert_null(weak->key_type);
}

int
main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signature-algorithm/known", test_known);
	g_test_add_func("/signature-algorithm/weak-is-not-direct", test_weak_is_not_direct);
	return g_test_run();
}
