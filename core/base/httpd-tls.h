/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/* For httpd.c alone: a certificate with its key, as libmicrohttpd's TLS takes it; the one part that
 * knows GnuTLS. Immutable, counted, for one thread. */
typedef struct _CsHttpdTls CsHttpdTls;

/* CS_ERROR_INVALID "tls-invalid". */
CsHttpdTls *cs_httpd_tls_new(const char *certificate_pem, const char *key_pem, GError **error);
CsHttpdTls *cs_httpd_tls_ref(CsHttpdTls *tls);
void cs_httpd_tls_unref(CsHttpdTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CsHttpdTls, cs_httpd_tls_unref)

gint64 cs_httpd_tls_get_not_after(const CsHttpdTls *tls); /* Unix seconds */
gboolean cs_httpd_tls_is_valid_at(const CsHttpdTls *tls, gint64 unix_s);
/* session: a gnutls_session_t without its handshake; it is answered with tls, which must outlive it. */
void cs_httpd_tls_use(CsHttpdTls *tls, gpointer session);
