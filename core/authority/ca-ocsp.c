/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#include "core/authority/ca-private.h"
#include "core/authority/ca-status.h"
#include "core/base/encoding.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#define NONCE_MAX_BYTES	    32 /* RFC 8954, section 2.1 */
#define SERIAL_MAX_BYTES    20 /* RFC 5280, section 4.1.2.2 */
#define OCTET_STRING_HEADER 2

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_REQUEST, OCSP_REQUEST_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_RESPONSE, OCSP_RESPONSE_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_BASICRESP, OCSP_BASICRESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OCSP_CERTID, OCSP_CERTID_free)

/* One question on its way to its answer. */
typedef struct {
	CsCa *ca;
	OCSP_REQUEST *request;
	OCSP_BASICRESP *basic;
	ASN1_TIME *this_update;
	ASN1_TIME *next_update;
	CsIssuedLookUp look_up;
	gpointer data;
} Exchange;

static gboolean
set_failed(GError **error, const char *what)
{
	cs_openssl_set_error(error, CS_ERROR_STATE, "ca-failed", what);
	return FALSE;
}

static GBytes *
encode(int status, OCSP_BASICRESP *basic, GError **error)
{
	g_autoptr(OCSP_RESPONSE) response = OCSP_response_create(status, basic);
	unsigned char *der = NULL;
	int length = response != NULL ? i2d_OCSP_RESPONSE(response, &der) : 0;
	GBytes *bytes = NULL;

	if (length <= 0) {
		set_failed(error, "encode an OCSP answer");
		return NULL;
	}
	bytes = g_bytes_new(der, (gsize)length);
	OPENSSL_free(der);
	return bytes;
}

/* The nonce is the asker's, and is given back signed: one that is too long is refused. */
static gboolean
has_odd_nonce(OCSP_REQUEST *request)
{
	int place = OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, -1);
	X509_EXTENSION *extension = place >= 0 ? OCSP_REQUEST_get_ext(request, place) : NULL;

	if (extension == NULL)
		return FALSE;
	return ASN1_STRING_length(X509_EXTENSION_get_data(extension)) >
		       NONCE_MAX_BYTES + OCTET_STRING_HEADER ||
	       OCSP_REQUEST_get_ext_by_NID(request, NID_id_pkix_OCSP_Nonce, place) >= 0;
}

static gboolean
has_other_critical_extension(OCSP_REQUEST *request)
{
	for (int i = 0; i < OCSP_REQUEST_get_ext_count(request); i++) {
		X509_EXTENSION *extension = OCSP_REQUEST_get_ext(request, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

		if (X509_EXTENSION_get_critical(extension) && nid != NID_id_pkix_OCSP_Nonce)
			return TRUE;
	}
	return FALSE;
}

static OCSP_REQUEST *
decode(GBytes *bytes)
{
	gsize length = 0;
	const unsigned char *data = g_bytes_get_data(bytes, &length);
	const unsigned char *end = data;
	g_autoptr(OCSP_REQUEST) request = NULL;

	if (length == 0 || length > CS_OCSP_REQUEST_MAX_BYTES)
		return NULL;
	request = d2i_OCSP_REQUEST(NULL, &end, (long)length);
	if (request == NULL || end != data + length || OCSP_request_onereq_count(request) < 1 ||
	    OCSP_request_onereq_count(request) > CS_OCSP_REQUEST_MAX_CERTIFICATES ||
	    has_odd_nonce(request) || has_other_critical_extension(request))
		return NULL;
	return g_steal_pointer(&request);
}

/* Whether the question is about a certificate of this CA, whatever digest it names the CA by. */
static gboolean
is_ours(const Exchange *exchange, OCSP_CERTID *id)
{
	ASN1_OBJECT *digest = NULL;
	const EVP_MD *md = NULL;
	g_autoptr(OCSP_CERTID) ours = NULL;

	OCSP_id_get0_info(NULL, &digest, NULL, NULL, id);
	md = EVP_get_digestbyobj(digest);
	if (md == NULL)
		return FALSE;
	ours = OCSP_cert_to_id(md, NULL, exchange->ca->x509);
	return ours != NULL && OCSP_id_issuer_cmp(ours, id) == 0;
}

/* NULL where no certificate can have this serial number. */
static char *
dup_serial(OCSP_CERTID *id)
{
	ASN1_INTEGER *integer = NULL;
	g_autoptr(BIGNUM) number = NULL;
	guint8 bytes[SERIAL_MAX_BYTES];

	OCSP_id_get0_info(NULL, NULL, NULL, &integer, id);
	number = ASN1_INTEGER_to_BN(integer, NULL);
	if (number == NULL || BN_is_negative(number) || BN_num_bytes(number) > SERIAL_MAX_BYTES)
		return NULL;
	return cs_hex_encode(bytes, (gsize)BN_bn2bin(number, bytes));
}

static gboolean
answer_one(Exchange *exchange, OCSP_CERTID *id, GError **error)
{
	static const int states[] = {
		[CS_ISSUED_UNKNOWN] = V_OCSP_CERTSTATUS_UNKNOWN,
		[CS_ISSUED_GOOD] = V_OCSP_CERTSTATUS_GOOD,
		[CS_ISSUED_REVOKED] = V_OCSP_CERTSTATUS_REVOKED,
	};
	CsIssuedState state = CS_ISSUED_UNKNOWN;
	gint64 revoked_at = 0;
	g_autofree char *serial = dup_serial(id);
	g_autoptr(ASN1_TIME) date = NULL;

	if (serial != NULL &&
	    !exchange->look_up(serial, &state, &revoked_at, exchange->data, error))
		return FALSE;
	if (state == CS_ISSUED_REVOKED) {
		date = ASN1_TIME_set(NULL, (time_t)revoked_at);
		if (date == NULL)
			return set_failed(error, "date a revocation");
	}
	if (OCSP_basic_add1_status(exchange->basic, id, states[state], OCSP_REVOKED_STATUS_NOSTATUS,
				   date, exchange->this_update, exchange->next_update) == NULL)
		return set_failed(error, "add an OCSP answer");
	return TRUE;
}

/* By the CA itself, so that whoever trusts the CA needs nothing else to verify it. Dated by the
 * authority's clock: OpenSSL would take the system's, and lends the field only as const. */
static gboolean
sign(Exchange *exchange, GError **error)
{
	const ASN1_GENERALIZEDTIME *produced_at = OCSP_resp_get0_produced_at(exchange->basic);

	if (ASN1_TIME_to_generalizedtime(exchange->this_update,
					 (ASN1_GENERALIZEDTIME **)&produced_at) == NULL)
		return set_failed(error, "date the OCSP answer");
	if (OCSP_copy_nonce(exchange->basic, exchange->request) <= 0)
		return set_failed(error, "copy the nonce");
	if (OCSP_basic_sign(exchange->basic, exchange->ca->x509,
			    cs_private_key_get_pkey(exchange->ca->key), EVP_sha256(), NULL,
			    OCSP_NOCERTS | OCSP_NOTIME) != 1)
		return set_failed(error, "sign the OCSP answer");
	return TRUE;
}

/* RFC 6960, section 2.3: for another CA's certificates this one cannot speak. */
static gboolean
is_all_ours(const Exchange *exchange)
{
	for (int i = 0; i < OCSP_request_onereq_count(exchange->request); i++) {
		OCSP_ONEREQ *one = OCSP_request_onereq_get0(exchange->request, i);

		if (!is_ours(exchange, OCSP_onereq_get0_id(one)))
			return FALSE;
	}
	return TRUE;
}

static GBytes *
answer_all(Exchange *exchange, GError **error)
{
	if (!is_all_ours(exchange))
		return encode(OCSP_RESPONSE_STATUS_UNAUTHORIZED, NULL, error);
	for (int i = 0; i < OCSP_request_onereq_count(exchange->request); i++) {
		OCSP_ONEREQ *one = OCSP_request_onereq_get0(exchange->request, i);

		if (!answer_one(exchange, OCSP_onereq_get0_id(one), error))
			return NULL;
	}
	if (!sign(exchange, error))
		return NULL;
	return encode(OCSP_RESPONSE_STATUS_SUCCESSFUL, exchange->basic, error);
}

/**
 * cs_ca_answer_ocsp:
 * @ca: the CA
 * @request: an OCSP request as it came, from anyone, of any size
 * @this_update: Unix seconds: now
 * @next_update: Unix seconds, later: until when the answer may be relied on
 * @look_up: (scope call): what is known of a serial number; called once a certificate asked for
 * @data: for @look_up
 * @error: where to put the error
 *
 * Answers an OCSP request (RFC 6960) about this CA's certificates, signed by the CA itself, with the
 * asker's nonce. What the CA does not remember having issued is "unknown". A question about another
 * CA's certificate is answered unauthorized, and what cannot be read malformedRequest, both without
 * a signature, as the RFC says.
 * A signature on the request is not looked at: everybody may ask.
 *
 * Returns: (transfer full) (nullable): DER of an OCSPResponse; @look_up's errors; CS_ERROR_STATE
 *   "ca-failed"
 */
GBytes *
cs_ca_answer_ocsp(CsCa *ca,
		  GBytes *request,
		  gint64 this_update,
		  gint64 next_update,
		  CsIssuedLookUp look_up,
		  gpointer data,
		  GError **error)
{
	g_autoptr(OCSP_REQUEST) decoded = NULL;
	g_autoptr(OCSP_BASICRESP) basic = NULL;
	g_autoptr(ASN1_TIME) from = NULL;
	g_autoptr(ASN1_TIME) until = NULL;
	Exchange exchange = {.ca = ca, .look_up = look_up, .data = data};

	ERR_clear_error();
	decoded = decode(request);
	ERR_clear_error();
	if (decoded == NULL)
		return encode(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, NULL, error);
	basic = OCSP_BASICRESP_new();
	from = ASN1_TIME_set(NULL, (time_t)this_update);
	until = ASN1_TIME_set(NULL, (time_t)next_update);
	if (basic == NULL || from == NULL || until == NULL) {
		set_failed(error, "begin an OCSP answer");
		return NULL;
	}
	exchange.request = decoded;
	exchange.basic = basic;
	exchange.this_update = from;
	exchange.next_update = until;
	return answer_all(&exchange, error);
}
