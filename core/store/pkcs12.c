/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/store/pkcs12.h"

#include <glib/gi18n-lib.h>
#include <openssl/err.h>
#include <openssl/x509.h>

/* Rounds of key derivation that one file may cost, all its parts together: a tenth of a second. An
 * empty password gains nothing from more. */
#define MAX_ROUNDS 200000
#define MAX_BAGS   256

typedef struct {
	PKCS12 *file;
	const char *password; /* NULL or "": what its MAC verified with */
	gint64 rounds_left;
	gboolean want_keys;
	GPtrArray *found; /* (element-type CsCertificate) or (element-type CsPrivateKey) */
	guint bags_left;
} Walk;

typedef STACK_OF(PKCS7) Safes;
typedef STACK_OF(PKCS12_SAFEBAG) Bags;

static void
safes_free(Safes *safes)
{
	sk_PKCS7_pop_free(safes, PKCS7_free);
}

static void
bags_free(Bags *bags)
{
	sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Safes, safes_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bags, bags_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PBEPARAM, PBEPARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PBE2PARAM, PBE2PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PBKDF2PARAM, PBKDF2PARAM_free)

static gboolean
set_malformed(GError **error)
{
	ERR_clear_error();
	cs_error_set(error, CS_ERROR_INVALID, "pkcs12-malformed",
		     _("the PKCS#12 file is malformed"));
	return FALSE;
}

static gboolean
set_unsupported(GError **error, const char *what)
{
	ERR_clear_error();
	cs_error_set(error, CS_ERROR_UNSUPPORTED, "pkcs12-unsupported", "%s", what);
	return FALSE;
}

/* Takes `rounds` off what the file may cost; a missing count is one round. */
static gboolean
spend_rounds(Walk *walk, const ASN1_INTEGER *rounds, GError **error)
{
	gint64 count = 1;
	if (rounds != NULL && ASN1_INTEGER_get_int64(&count, rounds) != 1)
		return set_malformed(error);
	if (count < 1)
		return set_malformed(error);
	if (count > walk->rounds_left)
		return set_unsupported(error,
				       _("the PKCS#12 file asks for too much key derivation"));
	walk->rounds_left -= count;
	return TRUE;
}

/* The rounds of PKCS#5's second scheme (RFC 8018) with PBKDF2; scrypt, whose cost is memory too, is
 * refused. */
static gboolean
spend_pbes2(Walk *walk, const ASN1_TYPE *parameter, GError **error)
{
	g_autoptr(PBE2PARAM) scheme =
		ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameter);
	if (scheme == NULL)
		return set_malformed(error);
	const ASN1_OBJECT *oid = NULL;
	int type = 0;
	const void *value = NULL;
	X509_ALGOR_get0(&oid, &type, &value, scheme->keyfunc);
	if (OBJ_obj2nid(oid) != NID_id_pbkdf2)
		return set_unsupported(error,
				       _("the PKCS#12 file's key derivation is not supported"));
	g_autoptr(PBKDF2PARAM) derivation =
		type == V_ASN1_SEQUENCE ? ASN1_item_unpack(value, ASN1_ITEM_rptr(PBKDF2PARAM))
					: NULL;
	if (derivation == NULL)
		return set_malformed(error);
	return spend_rounds(walk, derivation->iter, error);
}

static gboolean
spend_encryption(Walk *walk, const X509_ALGOR *algorithm, GError **error)
{
	const ASN1_OBJECT *oid = NULL;
	int type = 0;
	const void *value = NULL;
	X509_ALGOR_get0(&oid, &type, &value, algorithm);
	if (type != V_ASN1_SEQUENCE)
		return set_malformed(error);
	if (OBJ_obj2nid(oid) == NID_pbes2)
		return spend_pbes2(walk, algorithm->parameter, error);
	g_autoptr(PBEPARAM) scheme = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBEPARAM));
	if (scheme == NULL)
		return set_malformed(error);
	return spend_rounds(walk, scheme->iter, error);
}

/* Which of the two empty passwords the file's MAC verifies with. Each one that is tried costs the
 * rounds anew. */
static gboolean
find_password(Walk *walk, GError **error)
{
	static const char *const passwords[] = {NULL, ""};
	const ASN1_INTEGER *rounds = NULL;

	if (PKCS12_mac_present(walk->file) != 1)
		return TRUE;
	PKCS12_get0_mac(NULL, NULL, NULL, &rounds, walk->file);
	for (gsize i = 0; i < G_N_ELEMENTS(passwords); i++) {
		if (!spend_rounds(walk, rounds, error))
			return FALSE;
		walk->password = passwords[i];
		if (PKCS12_verify_mac(walk->file, passwords[i], 0) == 1)
			return TRUE;
	}
	ERR_clear_error();
	cs_error_set(error, CS_ERROR_KEY, "pkcs12-password",
		     _("the PKCS#12 file is protected by a password"));
	return FALSE;
}

static gboolean
take_certificate(Walk *walk, const PKCS12_SAFEBAG *bag, GError **error)
{
	if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate)
		return TRUE;
	g_autoptr(X509) x509 = PKCS12_SAFEBAG_get1_cert(bag);
	if (x509 == NULL)
		return set_malformed(error);
	g_autofree guint8 *der = NULL;
	int length = i2d_X509(x509, NULL);
	if (length <= 0)
		return set_malformed(error);
	der = g_malloc(length);
	guint8 *end = der;
	if (i2d_X509(x509, &end) != length)
		return set_malformed(error);
	g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&der), length);
	CsCertificate *certificate = cs_certificate_new(bytes, error);
	if (certificate == NULL)
		return FALSE;
	g_ptr_array_add(walk->found, certificate);
	return TRUE;
}

static gboolean
take_key(Walk *walk, const PKCS8_PRIV_KEY_INFO *info, GError **error)
{
	g_autoptr(EVP_PKEY) pkey = info != NULL ? EVP_PKCS82PKEY(info) : NULL;
	if (pkey == NULL)
		return set_malformed(error);
	CsPrivateKey *key = cs_private_key_new_from_pkey(pkey, error);
	if (key == NULL)
		return FALSE;
	g_ptr_array_add(walk->found, key);
	return TRUE;
}

static gboolean
take_shrouded_key(Walk *walk, const PKCS12_SAFEBAG *bag, GError **error)
{
	const X509_SIG *shrouded = PKCS12_SAFEBAG_get0_pkcs8(bag);
	const X509_ALGOR *algorithm = NULL;
	if (shrouded == NULL)
		return set_malformed(error);
	X509_SIG_get0(shrouded, &algorithm, NULL);
	if (!spend_encryption(walk, algorithm, error))
		return FALSE;
	g_autoptr(PKCS8_PRIV_KEY_INFO) info = PKCS12_decrypt_skey(bag, walk->password, 0);
	if (info == NULL)
		return set_unsupported(
			error, _("the PKCS#12 file's private key cannot be decrypted here"));
	return take_key(walk, info, error);
}

/* One bag; kinds that are not asked for are passed over unopened. */
static gboolean
take_bag(Walk *walk, const PKCS12_SAFEBAG *bag, GError **error)
{
	switch (PKCS12_SAFEBAG_get_nid(bag)) {
	case NID_certBag:
		return walk->want_keys || take_certificate(walk, bag, error);
	case NID_keyBag:
		return !walk->want_keys || take_key(walk, PKCS12_SAFEBAG_get0_p8inf(bag), error);
	case NID_pkcs8ShroudedKeyBag:
		return !walk->want_keys || take_shrouded_key(walk, bag, error);
	default:
		return TRUE;
	}
}

static Bags *
open_safe(Walk *walk, PKCS7 *safe, GError **error)
{
	if (PKCS7_type_is_data(safe)) {
		Bags *bags = PKCS12_unpack_p7data(safe);
		if (bags == NULL)
			set_malformed(error);
		return bags;
	}
	const PKCS7_ENCRYPT *encrypted = PKCS7_type_is_encrypted(safe) ? safe->d.encrypted : NULL;
	if (encrypted == NULL || encrypted->enc_data == NULL) {
		set_unsupported(error, _("the PKCS#12 file is encrypted for a recipient's key"));
		return NULL;
	}
	if (!spend_encryption(walk, encrypted->enc_data->algorithm, error))
		return NULL;
	Bags *bags = PKCS12_unpack_p7encdata(safe, walk->password, 0);
	if (bags == NULL)
		set_unsupported(error, _("the PKCS#12 file cannot be decrypted here"));
	return bags;
}

static gboolean
walk_safe(Walk *walk, PKCS7 *safe, GError **error)
{
	g_autoptr(Bags) bags = open_safe(walk, safe, error);
	if (bags == NULL)
		return FALSE;
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++) {
		if (walk->bags_left-- == 0)
			return set_unsupported(error, _("the PKCS#12 file holds too many parts"));
		if (!take_bag(walk, sk_PKCS12_SAFEBAG_value(bags, i), error))
			return FALSE;
	}
	return TRUE;
}

static gboolean
walk_file(Walk *walk, GError **error)
{
	if (!find_password(walk, error))
		return FALSE;
	g_autoptr(Safes) safes = PKCS12_unpack_authsafes(walk->file);
	if (safes == NULL)
		return set_malformed(error);
	for (int i = 0; i < sk_PKCS7_num(safes); i++) {
		if (!walk_safe(walk, sk_PKCS7_value(safes, i), error))
			return FALSE;
	}
	return TRUE;
}

static GPtrArray *
decode(gconstpointer data, gsize length, gboolean want_keys, GError **error)
{
	ERR_clear_error();
	const guint8 *start = data;
	g_autoptr(PKCS12) file = length <= G_MAXINT ? d2i_PKCS12(NULL, &start, (long)length) : NULL;
	if (file == NULL) {
		set_malformed(error);
		return NULL;
	}
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func(want_keys ? (GDestroyNotify)cs_private_key_unref
							 : (GDestroyNotify)cs_certificate_unref);
	Walk walk = {.file = file,
		     .rounds_left = MAX_ROUNDS,
		     .want_keys = want_keys,
		     .found = found,
		     .bags_left = MAX_BAGS};
	gboolean walked = walk_file(&walk, error);
	ERR_clear_error();
	return walked ? g_steal_pointer(&found) : NULL;
}

/**
 * cs_pkcs12_decode_certificates:
 * @data: a file's contents
 * @length: their length in bytes
 * @error: return location
 *
 * The certificates of a PKCS#12 file that no password protects. Its keys stay shut. The file's MAC
 * is checked, which with an empty password proves nothing but that the file is whole.
 *
 * Returns: (transfer full) (element-type CsCertificate): maybe empty; %NULL with %CS_ERROR_KEY
 *   ("pkcs12-password"), %CS_ERROR_UNSUPPORTED or %CS_ERROR_INVALID
 */
GPtrArray *
cs_pkcs12_decode_certificates(gconstpointer data, gsize length, GError **error)
{
	return decode(data, length, FALSE, error);
}

/**
 * cs_pkcs12_decode_keys:
 * @data: a file's contents
 * @length: their length in bytes
 * @error: return location
 *
 * The private keys of a PKCS#12 file that no password protects.
 *
 * Returns: (transfer full) (element-type CsPrivateKey): maybe empty; %NULL with %CS_ERROR_KEY,
 *   %CS_ERROR_UNSUPPORTED or %CS_ERROR_INVALID
 */
GPtrArray *
cs_pkcs12_decode_keys(gconstpointer data, gsize length, GError **error)
{
	return decode(data, length, TRUE, error);
}

/**
 * cs_pkcs12_is_likely:
 * @data: a file's first bytes
 * @length: their length
 *
 * Whether they begin as a PFX does: a SEQUENCE, of definite or indefinite length (both are about),
 * whose first member is version 3.
 *
 * Returns: %TRUE where they do
 */
gboolean
cs_pkcs12_is_likely(gconstpointer data, gsize length)
{
	static const guint8 version_3[] = {0x02, 0x01, 0x03};
	const guint8 *bytes = data;
	if (length < 2 || bytes[0] != 0x30)
		return FALSE;
	gsize header = bytes[1] > 0x80 ? 2 + (gsize)(bytes[1] & 0x7f) : 2;
	return length >= header + sizeof(version_3) &&
	       memcmp(bytes + header, version_3, sizeof(version_3)) == 0;
}
