/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/pki/signature-algorithm.h"

#include <string.h>

typedef enum {
	PARAMETERS_ABSENT,
	PARAMETERS_NULL_OR_ABSENT, /* RFC 4055 section 5: both must be accepted */
	PARAMETERS_PSS,
} Parameters;

typedef struct {
	const char *oid;
	gsize length;
	Parameters parameters;
	CsSignatureMethod method;
} Algorithm;

#define OID(text) text, sizeof(text) - 1
#define PKCS1	  "\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define ECDSA	  "\x2a\x86\x48\xce\x3d\x04"
#define NIST_SIG  "\x60\x86\x48\x01\x65\x03\x04\x03"
#define NIST_HASH "\x60\x86\x48\x01\x65\x03\x04\x02"
#define OIW	  "\x2b\x0e\x03\x02"

/* The first seven are nearly every certificate in the world. */
static const Algorithm algorithms[] = {
	{OID(PKCS1 "\x0b"),
	 PARAMETERS_NULL_OR_ABSENT,
	 {"RSA with SHA-256", FALSE, "RSA", "SHA256"}},
	{OID(ECDSA "\x03\x02"), PARAMETERS_ABSENT, {"ECDSA with SHA-256", FALSE, "EC", "SHA256"}},
	{OID(ECDSA "\x03\x03"), PARAMETERS_ABSENT, {"ECDSA with SHA-384", FALSE, "EC", "SHA384"}},
	{OID(ECDSA "\x03\x04"), PARAMETERS_ABSENT, {"ECDSA with SHA-512", FALSE, "EC", "SHA512"}},
	{OID(PKCS1 "\x0c"),
	 PARAMETERS_NULL_OR_ABSENT,
	 {"RSA with SHA-384", FALSE, "RSA", "SHA384"}},
	{OID(PKCS1 "\x0d"),
	 PARAMETERS_NULL_OR_ABSENT,
	 {"RSA with SHA-512", FALSE, "RSA", "SHA512"}},
	{OID("\x2b\x65\x70"), PARAMETERS_ABSENT, {"Ed25519", FALSE, "ED25519", NULL}},
	{OID("\x2b\x65\x71"), PARAMETERS_ABSENT, {"Ed448", FALSE, NULL, NULL}},
	{OID(PKCS1 "\x0e"), PARAMETERS_NULL_OR_ABSENT, {"RSA with SHA-224", FALSE, NULL, NULL}},
	{OID(ECDSA "\x03\x01"), PARAMETERS_ABSENT, {"ECDSA with SHA-224", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x02"), PARAMETERS_ABSENT, {"DSA with SHA-256", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x0a"), PARAMETERS_ABSENT, {"ECDSA with SHA3-256", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x0b"), PARAMETERS_ABSENT, {"ECDSA with SHA3-384", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x0c"), PARAMETERS_ABSENT, {"ECDSA with SHA3-512", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x0e"), PARAMETERS_NULL_OR_ABSENT, {"RSA with SHA3-256", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x0f"), PARAMETERS_NULL_OR_ABSENT, {"RSA with SHA3-384", FALSE, NULL, NULL}},
	{OID(NIST_SIG "\x10"), PARAMETERS_NULL_OR_ABSENT, {"RSA with SHA3-512", FALSE, NULL, NULL}},
	{OID(PKCS1 "\x05"), PARAMETERS_NULL_OR_ABSENT, {"RSA with SHA-1", TRUE, NULL, NULL}},
	{OID(OIW "\x1d"), PARAMETERS_NULL_OR_ABSENT, {"RSA with SHA-1", TRUE, NULL, NULL}},
	{OID(ECDSA "\x01"), PARAMETERS_ABSENT, {"ECDSA with SHA-1", TRUE, NULL, NULL}},
	{OID("\x2a\x86\x48\xce\x38\x04\x03"),
	 PARAMETERS_ABSENT,
	 {"DSA with SHA-1", TRUE, NULL, NULL}},
	{OID(PKCS1 "\x04"), PARAMETERS_NULL_OR_ABSENT, {"RSA with MD5", TRUE, NULL, NULL}},
	{OID(OIW "\x03"), PARAMETERS_NULL_OR_ABSENT, {"RSA with MD5", TRUE, NULL, NULL}},
	{OID(PKCS1 "\x03"), PARAMETERS_NULL_OR_ABSENT, {"RSA with MD4", TRUE, NULL, NULL}},
	{OID(PKCS1 "\x02"), PARAMETERS_NULL_OR_ABSENT, {"RSA with MD2", TRUE, NULL, NULL}},
	{OID(PKCS1 "\x0a"), PARAMETERS_PSS, {"RSA-PSS", FALSE, NULL, NULL}},
};

/* The digests that RSASSA-PSS names in its parameters. */
static const Algorithm pss_digests[] = {
	{OID(NIST_HASH "\x01"),
	 PARAMETERS_NULL_OR_ABSENT,
	 {"RSA-PSS with SHA-256", FALSE, NULL, NULL}},
	{OID(NIST_HASH "\x02"),
	 PARAMETERS_NULL_OR_ABSENT,
	 {"RSA-PSS with SHA-384", FALSE, NULL, NULL}},
	{OID(NIST_HASH "\x03"),
	 PARAMETERS_NULL_OR_ABSENT,
	 {"RSA-PSS with SHA-512", FALSE, NULL, NULL}},
	{OID(OIW "\x1a"), PARAMETERS_NULL_OR_ABSENT, {"RSA-PSS with SHA-1", TRUE, NULL, NULL}},
};

static const Algorithm *
find_oid(const Algorithm *table, gsize count, CsDer oid)
{
	for (gsize i = 0; i < count; i++) {
		if (cs_der_equal(oid, table[i].oid, table[i].length))
			return &table[i];
	}
	return NULL;
}

static gboolean
is_null_or_absent(CsDer parameters)
{
	static const guint8 null[] = {CS_DER_NULL, 0};
	return parameters.length == 0 || cs_der_equal(parameters, null, sizeof(null));
}

/* RFC 4055 section 3.1: a digest that is not named is SHA-1. The rest is OpenSSL's to judge. */
static const CsSignatureMethod *
find_pss(CsDer parameters)
{
	static const CsSignatureMethod by_default = {"RSA-PSS with SHA-1", TRUE, NULL, NULL};
	CsDer sequence, tagged, digest, oid;

	if (!cs_der_expect(&parameters, CS_DER_SEQUENCE, &sequence, NULL) || parameters.length != 0)
		return NULL;
	if (sequence.length == 0 || sequence.data[0] != CS_DER_CONTEXT_CONSTRUCTED(0))
		return &by_default;
	if (!cs_der_expect(&sequence, CS_DER_CONTEXT_CONSTRUCTED(0), &tagged, NULL) ||
	    !cs_der_expect(&tagged, CS_DER_SEQUENCE, &digest, NULL) || tagged.length != 0 ||
	    !cs_der_expect(&digest, CS_DER_OID, &oid, NULL) || !is_null_or_absent(digest))
		return NULL;
	const Algorithm *found = find_oid(pss_digests, G_N_ELEMENTS(pss_digests), oid);
	return found != NULL ? &found->method : NULL;
}

/**
 * cs_signature_method_find:
 * @algorithm: a whole AlgorithmIdentifier
 *
 * Returns: (nullable): the method, static; NULL where the algorithm is not known, or has
 *   parameters that it must not have
 */
const CsSignatureMethod *
cs_signature_method_find(CsDer algorithm)
{
	CsDer sequence, oid;

	if (!cs_der_expect(&algorithm, CS_DER_SEQUENCE, &sequence, NULL) ||
	    !cs_der_expect(&sequence, CS_DER_OID, &oid, NULL))
		return NULL;
	const Algorithm *found = find_oid(algorithms, G_N_ELEMENTS(algorithms), oid);
	if (found == NULL)
		return NULL;
	if (found->parameters == PARAMETERS_PSS)
		return find_pss(sequence);
	if (found->parameters == PARAMETERS_ABSENT ? sequence.length != 0
						   : !is_null_or_absent(sequence))
		return NULL;
	return &found->method;
}
