/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/revocation-ocsp.h"
#include "core/base/json.h"
#include "core/pki/pem.h"
#include "tests/fixtures/vectors.h"

#include <string.h>

/* rule 12: public test data of CRLs, OCSP and leaf certificates, every case of every file. What is
 * answered otherwise than expected stands in docs/revocation.md with its reason, and is never
 * better than "unknown" where the suite says so. */

typedef struct {
	GHashTable *listed;
	guint cases;
	guint differences;
} Tally;

static cJSON *
read_manifest(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "manifest.json", NULL);
	g_autoptr(GBytes) bytes = cs_test_read_file(path);
	cJSON *manifest =
		cJSON_ParseWithLength(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

	g_assert_nonnull(manifest);
	return manifest;
}

static gint64
get_number(const cJSON *object, const char *member)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, member);

	g_assert_true(cJSON_IsNumber(number));
	return (gint64)number->valuedouble;
}

static const char *
get_text(const cJSON *object, const char *member)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, member));

	g_assert_nonnull(text);
	return text;
}

/* The block with this label; NULL where the file has none. */
static GBytes *
find_block(GBytes *file, const char *label)
{
	gsize length = 0;
	const char *text = g_bytes_get_data(file, &length);
	CsPemBlock block;

	while (cs_pem_next(&text, &length, &block)) {
		gsize size = 0;
		guint8 *data = NULL;

		if (!cs_pem_is(&block, label))
			continue;
		data = cs_pem_decode(&block, &size);
		g_assert_nonnull(data);
		return g_bytes_new_take(data, size);
	}
	return NULL;
}

static CsCertificate *
find_certificate(GBytes *file, const char *label)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) der = find_block(file, label);
	CsCertificate *certificate = NULL;

	if (der == NULL)
		return NULL;
	certificate = cs_certificate_new(der, &error);
	g_assert_no_error(error);
	return certificate;
}

static const char *
name_status(CsRevocation status)
{
	if (status == CS_REVOCATION_GOOD)
		return "GOOD";
	return status == CS_REVOCATION_REVOKED ? "REVOKED" : "UNKNOWN";
}

static void
tally(Tally *tally, const char *name, const char *expected, const char *got, const char *detail)
{
	tally->cases++;
	g_test_message("%s: %s, expected %s (%s)", name, got, expected, detail);
	if (strcmp(expected, got) == 0) {
		g_assert_false(g_hash_table_contains(tally->listed, name));
		return;
	}
	if (!g_hash_table_contains(tally->listed, name))
		g_test_message("%s differs, and docs/revocation.md has no row for it", name);
	g_assert_true(g_hash_table_contains(tally->listed, name));
	tally->differences++;
}

/* Every row of the table is about a case that there is. */
static void
finish(Tally *tally)
{
	g_test_message("%u cases, %u differ on purpose", tally->cases, tally->differences);
	g_assert_cmpuint(tally->cases, >, 0);
	g_assert_cmpuint(tally->differences, ==, g_hash_table_size(tally->listed));
	g_hash_table_unref(tally->listed);
}

/* A CRL that cannot be read is as none. */
static GPtrArray *
list_crls(GBytes *der)
{
	GPtrArray *crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	CsCrl *crl = cs_crl_new(der, NULL);

	if (crl != NULL)
		g_ptr_array_add(crls, crl);
	return crls;
}

static void
decide_crl(GBytes *file, const CsRevocationLimits *limits, CsRevocationAnswer *answer)
{
	g_autoptr(CsCertificate) authority = find_certificate(file, "CA CERTIFICATE");
	g_autoptr(CsCertificate) other = find_certificate(file, "CA CERTIFICATE 2");
	g_autoptr(CsCertificate) certificate = find_certificate(file, "CERTIFICATE");
	g_autoptr(CsIssuer) issuer = cs_issuer_new(authority, NULL);
	g_autoptr(GPtrArray) signers = g_ptr_array_new();
	g_autoptr(GBytes) der = find_block(file, "CRL");
	g_autoptr(GPtrArray) crls = list_crls(der);
	g_autoptr(CsCrlSet) set = NULL;

	if (other != NULL)
		g_ptr_array_add(signers, other);
	set = cs_crl_set_new(issuer, crls, signers);
	cs_crl_set_decide(set, certificate, limits, answer);
}

static void
test_crl(void)
{
	g_autofree char *folder = cs_test_find_vectors("pki/crl");
	Tally results = {0};

	if (folder == NULL)
		return;
	g_autoptr(cJSON) manifest = read_manifest(folder);
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, ".pem");
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(manifest, "expect");
	const CsRevocationLimits limits = {get_number(manifest, "verify_time_unix"),
					   get_number(manifest, "max_age_s")};

	results.listed = cs_test_read_differences("revocation.md", "CRL");
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *name = g_path_get_basename(paths->pdata[i]);
		g_autoptr(GBytes) file = cs_test_read_file(paths->pdata[i]);
		const char *expected = get_text(expect, name);
		CsRevocationAnswer answer;

		decide_crl(file, &limits, &answer);
		g_assert_false(strcmp(expected, "GOOD") != 0 &&
			       answer.status == CS_REVOCATION_GOOD);
		tally(&results, name, expected, name_status(answer.status), answer.detail);
	}
	finish(&results);
}

static void
test_ocsp(void)
{
	g_autofree char *folder = cs_test_find_vectors("pki/ocsp");
	Tally results = {0};

	if (folder == NULL)
		return;
	g_autoptr(cJSON) manifest = read_manifest(folder);
	g_autoptr(GPtrArray) paths = cs_test_list_files(folder, ".pem");
	const cJSON *expect = cJSON_GetObjectItemCaseSensitive(manifest, "expect");
	const CsRevocationLimits limits = {get_number(manifest, "verify_time_unix"),
					   get_number(manifest, "max_age_s")};

	results.listed = cs_test_read_differences("revocation.md", "OCSP");
	for (guint i = 0; i < paths->len; i++) {
		g_autofree char *name = g_path_get_basename(paths->pdata[i]);
		g_autoptr(GBytes) file = cs_test_read_file(paths->pdata[i]);
		g_autoptr(GBytes) response = find_block(file, "OCSP RESPONSE");
		g_autoptr(CsCertificate) authority = find_certificate(file, "CA CERTIFICATE");
		g_autoptr(CsCertificate) certificate = find_certificate(file, "CERTIFICATE");
		g_autoptr(CsIssuer) issuer = cs_issuer_new(authority, NULL);
		const CsOcspQuestion question = {issuer, certificate, NULL, &limits};
		const cJSON *row = cJSON_GetObjectItemCaseSensitive(expect, name);
		const char *expected = get_text(row, "status");
		CsRevocationAnswer answer;

		cs_ocsp_decide(&question, response, &answer);
		g_assert_false(strcmp(expected, "GOOD") != 0 &&
			       answer.status == CS_REVOCATION_GOOD);
		tally(&results, name, expected, name_status(answer.status), answer.detail);
	}
	finish(&results);
}

/* ---- leaf mode: rules 5, 12, 13 and 16 ---- */

static GBytes *
read_part(const char *folder, const char *kind, const char *name, const char *ending)
{
	g_autofree char *file = g_strconcat(name, ending, NULL);
	g_autofree char *path = g_build_filename(folder, kind, file, NULL);

	return cs_test_read_file(path);
}

static CsCertificate *
read_certificate(const char *folder, const char *name)
{
	g_autoptr(GBytes) der = read_part(folder, "certs", name, ".crt");

	return cs_certificate_new(der, NULL);
}

static GPtrArray *
read_crls(const char *folder, const cJSON *names)
{
	GPtrArray *crls = g_ptr_array_new_with_free_func((GDestroyNotify)cs_crl_unref);
	const cJSON *name = NULL;

	cJSON_ArrayForEach (name, names) {
		g_autoptr(GBytes) der =
			read_part(folder, "crls", cJSON_GetStringValue(name), ".crl");
		CsCrl *crl = cs_crl_new(der, NULL);

		if (crl != NULL)
			g_ptr_array_add(crls, crl);
	}
	return crls;
}

/* What the verifier asks of a certificate, in its order; NULL: it is managed. */
static const char *
object_to_leaf(const char *folder, const cJSON *row, gint64 now)
{
	g_autoptr(CsCertificate) authority = read_certificate(folder, get_text(row, "issuer"));
	g_autoptr(CsCertificate) leaf = read_certificate(folder, get_text(row, "leaf"));
	g_autoptr(CsIssuer) issuer = NULL;
	g_autoptr(GPtrArray) crls =
		read_crls(folder, cJSON_GetObjectItemCaseSensitive(row, "crls"));
	g_autoptr(CsCrlSet) set = NULL;
	const CsRevocationLimits limits = {.now = now};
	CsRevocationAnswer answer;

	if (leaf == NULL || authority == NULL)
		return "certificate-malformed";
	if (!cs_certificate_is_authority(authority, NULL))
		return "not-an-authority";
	issuer = cs_issuer_new(authority, NULL);
	if (!cs_issuer_has_issued(issuer, leaf))
		return "issuer-not-trusted";
	if (now < cs_certificate_get_not_before(leaf) || now > cs_certificate_get_not_after(leaf))
		return "outside-validity";
	if (!cs_certificate_is_client(leaf, NULL))
		return "certificate-unsuitable";
	set = cs_crl_set_new(issuer, crls, NULL);
	cs_crl_set_decide(set, leaf, &limits, &answer);
	return answer.status == CS_REVOCATION_GOOD ? NULL : answer.detail;
}

static void
test_pkits(void)
{
	g_autofree char *folder = cs_test_find_vectors("pki/pkits");
	Tally results = {0};

	if (folder == NULL)
		return;
	g_autoptr(cJSON) manifest = read_manifest(folder);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time =
		g_date_time_new_from_iso8601(get_text(manifest, "verify_time"), utc);
	const cJSON *row = NULL;

	results.listed = cs_test_read_differences("revocation.md", "PKITS");
	cJSON_ArrayForEach (row, cJSON_GetObjectItemCaseSensitive(manifest, "cases")) {
		const char *objection = object_to_leaf(folder, row, g_date_time_to_unix(time));
		gboolean expected =
			cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "pkits_full_path"));

		/* Better than the suite only where the fault lies with, or above, the issuer. */
		g_assert_false(objection == NULL && !expected &&
			       (g_str_has_prefix(get_text(row, "cls"), "same") ||
				g_str_has_prefix(get_text(row, "cls"), "optional")));
		tally(&results, get_text(row, "number"), expected ? "accepted" : "refused",
		      objection == NULL ? "accepted" : "refused", objection);
	}
	finish(&results);
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/revocation/vectors/crl", test_crl);
	g_test_add_func("/revocation/vectors/ocsp", test_ocsp);
	g_test_add_func("/revocation/vectors/pkits", test_pkits);
	return g_test_run();
}
