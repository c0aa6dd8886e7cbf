/* SPDX-FileCopyrightText: The Countersign authors
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "core/pki/signed-data.h"

/* What one walk over a CRL's beginning and end finds; its entries are walked over once. Lent. */
typedef struct {
	CsSignedData signed_data;
	guint version; /* 1 or 2 */
	CsDer issuer;  /* whole Name */
	gint64 this_update;
	gint64 next_update;
	gboolean has_next_update;
	CsDer entries;		   /* contents of revokedCertificates */
	guint entry_count;	   /* well-formed ones: all of them */
	CsDer number;		   /* cRLNumber, without leading zeroes; empty: none */
	CsDer base_number;	   /* of a delta CRL; empty: it is a complete one */
	CsDer freshest;		   /* freshestCRL's value; empty: none */
	CsDer scope;		   /* issuingDistributionPoint's value; empty: none */
	CsDer point_name;	   /* the choice of its distributionPoint; empty: none */
	gboolean only_users;	   /* onlyContainsUserCerts */
	gboolean only_authorities; /* onlyContainsCACerts */
	gboolean only_attributes;  /* onlyContainsAttributeCerts */
	gboolean indirect;	   /* indirectCRL, or an entry of another issuer's certificate */
	gboolean unknown_critical; /* an extension of the CRL or of an entry */
	guint reasons;		   /* CS_REASONS_ALL without onlySomeReasons */
} CsCrlFields;

typedef struct {
	CsDer serial;	   /* contents */
	gboolean removed;  /* removeFromCRL */
	gboolean indirect; /* certificateIssuer */
	gboolean unknown_critical;
	gboolean has_extensions;
} CsCrlEntry;

gboolean cs_crl_fields_read(CsDer crl, CsCrlFields *fields);
/* entries: what is left; FALSE at the end (entries is empty) or where it is malformed. */
gboolean cs_crl_entry_next(CsDer *entries, CsCrlEntry *entry);
